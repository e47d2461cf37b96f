#include "tests/conformance/own_process.h"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <iostream>
#include <string_view>

namespace writ::conformance {
namespace {

// Writes all of it; false when the reader takes less.
bool WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

std::string ReadToEnd(int fd) {
  std::string text;
  std::array<char, 4096> chunk{};
  for (ssize_t size = 0; (size = read(fd, chunk.data(), chunk.size())) > 0;) text.append(chunk.data(), static_cast<std::size_t>(size));
  return text;
}

}  // namespace

ProcessResult RunInOwnProcess(const std::function<std::string()>& work) {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) return {.text = {}, .death = "no pipe"};
  std::cout.flush();
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    alarm(kSecondsPerCase);
    _exit(WriteAll(ends[1], work()) ? 0 : 1);
  }
  close(ends[1]);
  ProcessResult result{.text = ReadToEnd(ends[0]), .death = {}};
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  result.is_timed_out = WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM;
  if (result.is_timed_out)
    result.death = "no outcome in " + std::to_string(kSecondsPerCase) + " s";
  else if (WIFSIGNALED(status))
    result.death = "signal " + std::to_string(WTERMSIG(status));
  else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    result.death = "the process ended early";
  return result;
}

}  // namespace writ::conformance
