// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <spdlog/logger.h>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/windows/object_handle.hpp>
#include <boost/asio/windows/stream_handle.hpp>

#include "capture/capture.h"
#include "capture_slots.h"
#include "desk.h"
#include "platform/win/child_process.h"
#include "settings/settings.h"

namespace vigil::service {

/// The dumpers that are attached to processes, one each, for as long as their processes live. A
/// dumper asks before it dumps; the desk decides. It does not own what it is given.
class Attachments {
 public:
  struct Parts {
    boost::asio::io_context& io;
    Desk& desk;
    const Clock& clock;
    spdlog::logger& log;
    const settings::Settings& settings;
    CaptureSlots& slots;
    std::filesystem::path dumper;
    std::filesystem::path inbox;
    std::function<void()> on_handed_over;  ///< There is something new in the inbox.
  };
  explicit Attachments(Parts parts) : parts_(std::move(parts)) {}

  /// Attaches, if nobody is attached yet; a process that a dumper has failed with a few times is
  /// left alone. A dumper that watches for other things than rules ask for now is told to detach,
  /// and the next time this is asked another one attaches.
  void want(const ProcessKey& key, const rules::ProcessFacts& facts, const rules::Rule& rule);
  /// Detaches; the process goes on.
  void release(const ProcessKey& key);
  /// The process has ended; its dumper ends by itself.
  void ended(const ProcessKey& key);

  /// Tells every dumper to detach.
  void stop();
  [[nodiscard]] bool is_attached(const ProcessKey& key) const { return attached_.contains(key); }
  [[nodiscard]] std::size_t count() const noexcept { return attached_.size(); }

 private:
  /// More than this many debuggers at once is a rule that matches too much.
  static constexpr std::size_t kMaxAttached = 100;
  static constexpr int kMaxAttempts = 3;

  struct Attachment {
    std::string name;
    std::string rule;
    std::vector<std::string> arguments;  // of the dumper: what it watches for
    std::unique_ptr<boost::asio::windows::object_handle> process;  // of the dumper
    std::unique_ptr<boost::asio::windows::stream_handle> to_dumper;
    std::unique_ptr<boost::asio::windows::stream_handle> from_dumper;
    bool capturing = false;                   // it has a slot
    std::optional<store::CaptureId> capture;  // the row that waits for it
    bool released = false;
    bool said_why_it_failed = false;
  };

  void watch_for(Attachment& attachment,
                 const ProcessKey& key,
                 const rules::ProcessFacts& facts,
                 const rules::Rule& rule);
  [[nodiscard]] Result<std::unique_ptr<Attachment>> start_dumper(const ProcessKey& key,
                                                                 const rules::ProcessFacts& facts,
                                                                 const rules::Rule& rule);
  [[nodiscard]] capture::DumperOptions options_for(const ProcessKey& key,
                                                   const rules::ProcessFacts& facts,
                                                   const rules::Rule& rule) const;
  void limit_events(capture::DumperOptions& options, const std::string& who) const;
  [[nodiscard]] boost::asio::awaitable<void> converse(ProcessKey key);
  [[nodiscard]] boost::asio::awaitable<bool> handle_line(ProcessKey key, std::string line);
  [[nodiscard]] boost::asio::awaitable<void> answer(ProcessKey key, store::Signal signal);
  void finish_capture(Attachment& attachment);
  /// Its death has been seen: nobody needs to attach again while it lies there.
  void want_no_more(const ProcessKey& key);
  [[nodiscard]] boost::asio::awaitable<void> await_end(ProcessKey key,
                                                       std::optional<store::CaptureId> unfinished);
  void detach(Attachment& attachment);
  [[nodiscard]] Attachment* find(const ProcessKey& key);

  Parts parts_;
  std::map<ProcessKey, std::unique_ptr<Attachment>> attached_;
  std::map<ProcessKey, int> attempts_;
  bool too_many_said_ = false;
  bool stopping_ = false;
};

}  // namespace vigil::service
