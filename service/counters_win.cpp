// SPDX-License-Identifier: Apache-2.0
#include "counters.h"

#include <windows.h>

#include <algorithm>
#include <array>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "base/utf.h"
#include "coroutines.h"
#include "options.h"
#include "platform/win/child_process.h"
#include "platform/win/pipe.h"
#include "platform/win/sandbox.h"

namespace asio = boost::asio;

namespace vigil::service {
namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::uint64_t kMaxMemoryBytes = std::uint64_t{256} << 20;
/// It says something every second; a library of somebody's may take long to answer.
constexpr std::chrono::seconds kLongestSilence{30};
constexpr std::chrono::seconds kFirstPause{5}, kLongestPause{600};
/// However fast it talks, it is listened to so often and so much at once.
constexpr std::chrono::milliseconds kListenEvery{100};
constexpr std::size_t kChunkBytes = 16 * 1024;

}  // namespace

void Counters::want(std::vector<watch::CounterTarget> counters) {
  const bool too_many = counters.size() > kMaxCounters;
  if (!std::exchange(too_many_, too_many) && too_many) {
    parts_.log.warn("rules ask for {} performance counters, and {} are read; match fewer processes",
                    counters.size(), kMaxCounters);
  }
  if (too_many) counters.resize(kMaxCounters);
  if (counters.empty()) return stop();
  if (counters != wanted_) {
    wanted_ = std::move(counters);
    ++list_;
    std::erase_if(complained_, [&](const std::string& path) {
      return std::ranges::find(wanted_, path, &watch::CounterTarget::path) == wanted_.end();
    });
  }
  if (reader_) return look_after(reader_);
  const auto now = Clock::now();
  if (now < next_start_) return;
  const auto started = start();
  if (!started.ok()) lose(started.error().message());
}

void Counters::stop() {
  wanted_.clear();
  end();
}

void Counters::end() {
  const auto reader = std::exchange(reader_, nullptr);
  if (!reader) return;
  // Who listens to it, or tells it something, holds on to it until he notices.
  boost::system::error_code ignored;  // closing a valid handle does not fail
  reader->input.close(ignored);
  reader->output.close(ignored);
  reader->job.reset();
}

Status Counters::start() {
  VIGIL_TRY_ASSIGN(auto input, platform::create_child_pipe(platform::PipeDirection::ToChild));
  VIGIL_TRY_ASSIGN(auto output, platform::create_child_pipe(platform::PipeDirection::FromChild));
  VIGIL_TRY_ASSIGN(auto job, platform::create_program_job(kMaxMemoryBytes));
  platform::ChildOptions options;
  options.program = parts_.program;
  options.arguments = {std::string(kCounterOption)};
  options.std_in = input.childs.get();
  options.std_out = output.childs.get();
  options.job = job.get();
  options.background = true;
  VIGIL_TRY_ASSIGN(const auto child, platform::start_child(options));
  reader_ = std::shared_ptr<Reader>(new Reader{asio::windows::stream_handle(parts_.io),
                                               asio::windows::stream_handle(parts_.io),
                                               std::move(job), Clock::now()});
  reader_->input.assign(input.ours.release());
  reader_->output.assign(output.ours.release());
  parts_.log.info("a child ({}) reads performance counters", child.pid.value);
  spawn(parts_.io, listen(reader_));
  look_after(reader_);
  return {};
}

void Counters::look_after(const std::shared_ptr<Reader>& reader) {
  if (Clock::now() - reader->heard > kLongestSilence) return lose("it does not answer");
  if (reader->told == list_ || reader->is_writing) return;
  reader->is_writing = true;
  spawn(parts_.io, tell(reader));
}

asio::awaitable<void> Counters::tell(std::shared_ptr<Reader> reader) {
  reader->told = list_;
  const auto text = counter_list_text(list_, wanted_);
  // When it cannot be told, its end is near, and is noticed where it is listened to.
  co_await asio::async_write(reader->input, asio::buffer(text), kAwait);
  reader->is_writing = false;
}

/// Ends it. The next one comes later each time, until one has said something.
void Counters::lose(std::string_view why) {
  end();
  pause_ = std::clamp(pause_ * 2, kFirstPause, kLongestPause);
  next_start_ = Clock::now() + pause_;
  parts_.log.warn("performance counters are not read: {}; the next attempt is in {} s", why,
                  pause_.count());
}

asio::awaitable<void> Counters::listen(std::shared_ptr<Reader> reader) {
  std::string text;
  std::array<char, kChunkBytes> chunk{};
  asio::steady_timer pause(parts_.io);
  for (;;) {
    const auto [error, length] =
        co_await reader->output.async_read_some(asio::buffer(chunk), kAwait);
    if (reader_ != reader) co_return;  // not wanted any more
    if (error) co_return lose("the child that reads them has ended");
    text.append(chunk.data(), length);
    reader->heard = Clock::now();
    const auto taken = take_lines(text);
    if (!taken.ok()) co_return lose(taken.error().message());
    pause.expires_after(kListenEvery);
    co_await pause.async_wait(kAwait);
  }
}

/// Whole lines; what is left of the last one stays.
Status Counters::take_lines(std::string& text) {
  std::size_t begin = 0;
  for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
    VIGIL_TRY_ASSIGN(const auto line,
                     parse_counter_line(std::string_view(text).substr(begin, end - begin)));
    begin = end + 1;
    take(line);
  }
  text.erase(0, begin);
  if (text.size() > kMaxCounterLineBytes)
    return Error{Errc::Malformed, "the child that reads them talks without end"};
  return {};
}

void Counters::take(const CounterLine& line) {
  // Of an older list: the next one is on its way.
  if (line.list != list_ || line.index >= wanted_.size()) return;
  const auto& counter = wanted_[line.index];
  pause_ = {};
  if (line.thousandths) {
    complained_.erase(counter.path);
    parts_.on_value(counter, *line.thousandths);
  } else if (!line.why.empty() && complained_.insert(counter.path).second) {
    parts_.log.warn("performance counter {}: {}; rules that ask for it see nothing",
                    printable_utf8(counter.path), printable_utf8(line.why));
  }
}

}  // namespace vigil::service
