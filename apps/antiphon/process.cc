// SPDX-License-Identifier: Apache-2.0
#include "antiphon/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <thread>

namespace antiphon::app {

namespace fs = std::filesystem;

Result<Process> Process::start(const std::vector<std::string>& words, const fs::path& log,
                               Descriptor ends) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const Descriptor said(::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  const Descriptor nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!said || !nothing) return Error{Errc::io, log.string() + ": " + std::strerror(errno)};
  const int in = ends ? ends.number() : nothing.number();
  const int out = ends ? ends.number() : said.number();
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) return Error{Errc::unavailable, std::string("no process: ") + strerror(errno)};
  if (child == 0) {
    // Only what a signal handler may call, too.
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) ::_exit(126);
    ::dup2(in, STDIN_FILENO);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(said.number(), STDERR_FILENO);
    ::execvp(arguments.front(), arguments.data());
    constexpr char why[] = ": no such program\n";
    [[maybe_unused]] auto written =
        ::write(STDERR_FILENO, arguments.front(), std::strlen(arguments.front()));
    written = ::write(STDERR_FILENO, why, sizeof why - 1);
    ::_exit(127);
  }
  return Process(child, log);
}

Process::~Process() { stop(); }

std::optional<int> Process::status() {
  int status = 0;
  if (number_ > 0 && ::waitpid(number_, &status, WNOHANG) == number_) {
    number_ = -1;
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  return status_;
}

int Process::stop(std::chrono::milliseconds patience) {
  if (number_ <= 0 || status()) return status_.value_or(-1);
  ::kill(number_, SIGTERM);
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!status()) {
    if (std::chrono::steady_clock::now() > end) ::kill(number_, SIGKILL);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return *status_;
}

double Process::cpu_seconds() const {
  std::ifstream file("/proc/" + std::to_string(number_) + "/stat");
  std::string text;
  std::getline(file, text);
  // The name, in brackets, may have anything in it. User and system time are fields 14 and 15.
  const auto name = text.rfind(')');
  if (name == std::string::npos) return 0;
  double user = 0, system = 0;
  if (std::sscanf(text.c_str() + name + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lf %lf",
                  &user, &system) != 2)
    return 0;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

std::string Process::last_words() const {
  std::ifstream file(log_);
  std::string last;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) last = line;
  }
  return last;
}

Status run(const std::vector<std::string>& words, const fs::path& log) {
  ANTIPHON_TRY(Process process, Process::start(words, log));
  while (!process.status()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  if (*process.status() == 0) return Done{};
  return Error{Errc::unavailable, words.front() + ": " + process.last_words()};
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double resident_mib() {
  std::ifstream status("/proc/self/statm");
  double pages = 0, resident = 0;
  status >> pages >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1 << 20);
}

fs::path this_program() { return fs::read_symlink("/proc/self/exe"); }

}  // namespace antiphon::app
