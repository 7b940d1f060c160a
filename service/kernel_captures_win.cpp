// SPDX-License-Identifier: Apache-2.0
#include "kernel_captures.h"

#include <algorithm>
#include <chrono>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/utf.h"
#include "coroutines.h"
#include "dumper_run.h"
#include "inbox.h"
#include "inbox_names.h"
#include "platform/platform.h"

namespace asio = boost::asio;

namespace vigil::service {
namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

/// Windows writes them while it starts, and reports of a machine that goes on at any time.
constexpr std::chrono::minutes kLookAgain{1};
/// What a dumper reads at the very least while others use the disk, in bytes a second.
constexpr std::uint64_t kSlowestDisk = 4 << 20;
/// How long a row may wait for its turn.
constexpr Microseconds kPatience = std::chrono::hours(24);

}  // namespace

void KernelCaptures::start() {
  first_ = look();
  spawn(parts_.io, look_again());
}

void KernelCaptures::stop() {
  stopping_ = true;
  timer_.cancel();
  if (running_ != nullptr) running_->give_up();
}

std::vector<KernelDumps::Job> KernelCaptures::look() {
  auto jobs = dumps_.take(find_kernel_dumps(read_crash_control()));
  for (const auto& job : jobs) parts_.desk.expect_dump(job.id, parts_.clock.now() + kPatience);
  return jobs;
}

asio::awaitable<void> KernelCaptures::look_again() {
  auto jobs = std::move(first_);
  while (!stopping_) {
    for (auto& job : jobs) {
      if (!stopping_) co_await take(std::move(job));
    }
    timer_.expires_after(kLookAgain);
    const auto [error] = co_await timer_.async_wait(kAwait);
    if (error) co_return;
    jobs = look();
  }
}

asio::awaitable<void> KernelCaptures::take(KernelDumps::Job job) {
  const auto row = parts_.store.get(job.id);
  // A better dump of the same stop may have come before.
  if (!row.ok() || !row->dump_file.empty()) co_return;
  const auto done = co_await pack(job);
  // What a stop of the service cut short is taken up again at the next start.
  if (!done.ok() && stopping_) co_return;
  parts_.desk.stop_expecting(job.id);
  const auto source = utf8_from_path(job.file.path);
  if (done.ok()) {
    parts_.on_captured();
    co_return;
  }
  parts_.log.warn("#{}: no dump from {}: {}", job.id.value, source, done.error().message());
  const auto skipped =
      parts_.store.skip(job.id, fmt::format("no dump from {}: {}", source, done.error().message()),
                        parts_.clock.now());
  if (!skipped.ok()) parts_.log.error("#{}: {}", job.id.value, skipped.error().message());
}

asio::awaitable<Status> KernelCaptures::pack(const KernelDumps::Job& job) {
  const auto name =
      dump_file_name(job.id, kKernelProcess, ProcessId{}, job.file.written, kCompressedSuffix);
  const auto path = parts_.data_folder / path_from_utf8(name).make_preferred();
  if (auto made = platform::create_folders(path.parent_path()); !made.ok()) co_return made;
  if (auto begun = parts_.store.begin_capture(job.id, {}, name, parts_.clock.now()); !begun.ok())
    co_return begun;
  capture::DumperOptions options;
  options.mode = capture::DumperOptions::Mode::Pack;
  options.source = job.file.path;
  options.written = job.file.written;
  options.output = path;
  options.supervised = true;
  options.min_free_disk_bytes = parts_.settings.min_free_disk_bytes;
  auto run = DumperRun::start(parts_.io, parts_.dumper, options);
  if (!run.ok()) co_return std::move(run).take_error();
  running_ = run->get();
  if (stopping_) (*run)->give_up();
  const auto patience = parts_.settings.capture_timeout +
                        std::chrono::seconds(static_cast<std::int64_t>(
                            std::min<std::uint64_t>(job.file.bytes / kSlowestDisk, 1'000'000)));
  const auto said = co_await (*run)->finish(patience);
  running_ = nullptr;
  if (!said.ok()) co_return said.error();
  std::error_code error;
  const auto bytes = std::filesystem::file_size(path, error);
  if (error) co_return Error{Errc::Io, fmt::format("{}: {}", name, error.message())};
  if (auto ready = parts_.store.dump_ready(job.id, bytes, parts_.clock.now()); !ready.ok())
    co_return ready;
  parts_.log.info("#{}: captured {} from {}: {}", job.id.value, name, utf8_from_path(job.file.path),
                  *said);
  co_return Status{};
}

}  // namespace vigil::service
