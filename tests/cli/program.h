// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

namespace antiphon::cli_test {

/// What a run of the program left behind.
struct Outcome {
  int status = -1;
  std::string out, err;
};

/// Runs `antiphon ARGUMENTS` through the shell, in the test's folder.
Outcome run(const std::string& arguments);

/// A folder that is this test program's alone; removed when it ends.
const std::filesystem::path& folder();

/// A file in that folder.
std::string write(const std::string& name, const std::string& text);
std::string read(const std::string& name);
bool exists(const std::string& name);

/// A tune of four bars with a melody in ABC.
extern const char* const tune;
/// The same beside an accompaniment, as two voices.
extern const char* const duet;

}  // namespace antiphon::cli_test
