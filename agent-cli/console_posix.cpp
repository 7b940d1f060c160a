// SPDX-License-Identifier: Apache-2.0
#include "console.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <thread>
#include <utility>

namespace vigil::cli {

std::vector<std::string> arguments(int argc, char** argv) {
  std::vector<std::string> result;
  for (int i = 1; i < argc; ++i) result.emplace_back(argv[i]);
  return result;
}

void prepare_streams() {
  std::signal(SIGPIPE, SIG_IGN);
}

std::optional<std::size_t> terminal_width() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return std::nullopt;
  return size.ws_col;
}

bool write_text(std::FILE* stream, std::string_view text) {
  const bool whole =
      std::fwrite(text.data(), 1, text.size(), stream) == text.size() && std::fflush(stream) == 0;
  if (whole || errno != EPIPE) return whole;
  std::clearerr(stream);  // The reader has seen enough; run() asks the flag for what went wrong.
  return true;
}

std::string environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): one thread yet
  return value != nullptr ? value : "";
}

/// A thread waits for the signals, which are blocked in all others: no handler, so nothing that
/// must be global.
struct InterruptCatcher::Impl {
  explicit Impl(std::stop_source source) : stop(std::move(source)) {
    ::sigemptyset(&caught);
    ::sigaddset(&caught, SIGINT);
    ::sigaddset(&caught, SIGTERM);
    (void)::pthread_sigmask(SIG_BLOCK, &caught, &before);  // fails for wrong arguments only
    signals = ::signalfd(-1, &caught, SFD_CLOEXEC);
    ended = ::eventfd(0, EFD_CLOEXEC);
    thread = std::jthread([this] { wait(); });
  }
  ~Impl() {
    (void)::eventfd_write(ended, 1);
    thread.join();
    (void)::close(signals);
    (void)::close(ended);
    (void)::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void wait() {
    std::array<pollfd, 2> files = {pollfd{signals, POLLIN, 0}, pollfd{ended, POLLIN, 0}};
    while (::poll(files.data(), files.size(), -1) < 0 && errno == EINTR) {
    }
    if ((files[0].revents & POLLIN) == 0) return;
    signalfd_siginfo info{};
    // Takes the signal, so that the next one counts. It cannot fail: poll() has seen it.
    [[maybe_unused]] const auto taken = ::read(signals, &info, sizeof(info));
    stop.request_stop();
    (void)::pthread_sigmask(SIG_UNBLOCK, &caught, nullptr);  // here: the second one ends us
  }

  std::stop_source stop;
  sigset_t caught{}, before{};
  int signals = -1, ended = -1;
  std::jthread thread;
};

InterruptCatcher::InterruptCatcher(std::stop_source stop)
    : impl_(std::make_unique<Impl>(std::move(stop))) {}
InterruptCatcher::~InterruptCatcher() = default;

}  // namespace vigil::cli
