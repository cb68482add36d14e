// SPDX-License-Identifier: Apache-2.0
#include "cli/program.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace antiphon::cli_test {

namespace fs = std::filesystem;

namespace {

struct Folder {
  Folder() : path(fs::temp_directory_path() / ("antiphon-cli-" + std::to_string(::getpid()))) {
    fs::create_directories(path);
  }
  ~Folder() { fs::remove_all(path); }
  fs::path path;
};

}  // namespace

const char* const tune =
    "X:1\nT:A Short Tune\nM:4/4\nL:1/4\nQ:1/4=120\nK:D\n|: D F A d | c A B2 | A F E G | F2 D2 :|\n";
const char* const duet =
    "X:1\nT:A Short Duet\nM:4/4\nL:1/4\nK:D\nV:1 name=\"Voice\"\nV:2 name=\"Piano\"\n"
    "V:1\n D F A d | c A B2 | A F E G | F2 D2 |\n"
    "V:2\n [D,F,A,]4 | [A,,E,]4 | [A,,E,]4 | z4 |\n";

const fs::path& folder() {
  static const Folder folder;
  return folder.path;
}

std::string write(const std::string& name, const std::string& text) {
  std::ofstream(folder() / name, std::ios::binary) << text;
  return name;
}

std::string read(const std::string& name) {
  std::ifstream in(folder() / name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

bool exists(const std::string& name) { return fs::exists(folder() / name); }

Outcome run(const std::string& arguments) {
  const std::string command = "cd " + folder().string() + " && " ANTIPHON_BINARY " " + arguments +
                              " >stdout.txt 2>stderr.txt </dev/null";
  const int status = std::system(command.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128, read("stdout.txt"), read("stderr.txt")};
}

}  // namespace antiphon::cli_test
