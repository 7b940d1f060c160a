// SPDX-License-Identifier: Apache-2.0
#include "attachments.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "base/exit_code.h"
#include "base/utf.h"
#include "coroutines.h"
#include "platform/win/pipe.h"
#include "platform/win/processes.h"

namespace asio = boost::asio;

namespace vigil::service {
namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
/// The dumper takes its own decision after kDecisionTimeout; ours has to be there before.
constexpr Microseconds kSlotPatience = capture::kDecisionTimeout - Microseconds{1'000'000};

constexpr std::size_t kMaxExitCodes = 500;
/// Of all rules that match one process; of each rule they are fewer.
constexpr std::size_t kMaxExceptions = 400;
constexpr std::size_t kMaxThreadEnds = 100;

/// Of each sort: a command line has an end.
constexpr std::size_t kMaxPatterns = 10;

/// What only a dumper that is attached sees.
void add_events(const rules::Condition& condition, capture::DumperOptions& options) {
  using Kind = rules::Condition::Kind;
  const auto append = [](auto& to, const auto& from) {
    to.insert(to.end(), from.begin(), from.end());
  };
  const auto& codes = condition.exit_codes;
  if (condition.kind == Kind::Module) append(options.modules, condition.texts);
  if (condition.kind == Kind::ThreadEnd) append(options.thread_ends, codes);
  if (condition.kind == Kind::ThreadStart) append(options.thread_starts, condition.texts);
  if (condition.kind != Kind::Exception) return;
  for (const auto& text : condition.texts) options.exception_texts.push_back({codes, text});
  if (condition.texts.empty()) append(options.exceptions, codes);
}

bool has_dump(store::State state) {
  return state != store::State::Observed && state != store::State::Skipped;
}

std::string shown(const ProcessKey& key, std::string_view name) {
  return fmt::format("{} ({})", printable_utf8(name), key.pid.value);
}

}  // namespace

void Attachments::limit_events(capture::DumperOptions& options, const std::string& who) const {
  const auto limit = [&](auto& asked, std::size_t most, std::string_view what) {
    if (asked.size() <= most) return;
    parts_.log.warn("rules ask for {} {} of {}, of which the first {} are watched for",
                    asked.size(), what, who, most);
    asked.resize(most);
  };
  limit(options.exceptions, kMaxExceptions, "exception codes");
  limit(options.exception_texts, kMaxPatterns, "texts of exceptions");
  limit(options.modules, kMaxPatterns, "names of modules");
  limit(options.thread_ends, kMaxThreadEnds, "codes that threads end with");
  limit(options.thread_starts, kMaxPatterns, "names of modules that threads start in");
}

void Attachments::want(const ProcessKey& key,
                       const rules::ProcessFacts& facts,
                       const rules::Rule& rule) {
  if (stopping_) return;
  if (auto* attachment = find(key); attachment != nullptr)
    return watch_for(*attachment, key, facts, rule);
  auto& attempts = attempts_[key];
  if (attempts >= kMaxAttempts) return;
  if (attached_.size() >= kMaxAttached) {
    if (!std::exchange(too_many_said_, true)) {
      parts_.log.warn("{} dumpers are attached, which is the most there may be; rule {} wants more",
                      attached_.size(), rule.name);
    }
    return;
  }
  ++attempts;
  auto attachment = start_dumper(key, facts, rule);
  if (!attachment.ok()) {
    parts_.log.error("cannot attach to {}: {}", shown(key, facts.name),
                     attachment.error().message());
    return;
  }
  attached_.emplace(key, std::move(attachment).take());
  spawn(parts_.io, converse(key));
}

/// Rules have changed since it was attached. Detaching harms no process; what happens to it before
/// the next dumper is there nobody sees.
void Attachments::watch_for(Attachment& attachment,
                            const ProcessKey& key,
                            const rules::ProcessFacts& facts,
                            const rules::Rule& rule) {
  if (attachment.released) return;
  if (attachment.arguments == capture::to_command_line(options_for(key, facts, rule))) return;
  parts_.log.info("rules ask for other things of {}: attaching anew", shown(key, facts.name));
  release(key);
}

capture::DumperOptions Attachments::options_for(const ProcessKey& key,
                                                const rules::ProcessFacts& facts,
                                                const rules::Rule& rule) const {
  capture::DumperOptions options;
  options.mode = capture::DumperOptions::Mode::Attach;
  options.pid = key.pid;
  options.process_start = key.start;
  options.dump = rule.dump;
  options.manner = rule.manner;
  options.inbox = parts_.inbox;
  options.rule = rule.name;
  options.min_free_disk_bytes = parts_.settings.min_free_disk_bytes;
  // Which of its own ends the process is to be stopped at: whatever any rule asks for.
  for (const auto& other : parts_.desk.rules().rules) {
    if (!other.match.matches(facts)) continue;
    other.when.for_each([&options](const rules::Condition& condition) {
      const auto& codes = condition.exit_codes;
      add_events(condition, options);
      if (condition.kind != rules::Condition::Kind::Exit) return;
      options.any_exit_code = options.any_exit_code || codes.empty();
      options.exit_codes.insert(options.exit_codes.end(), codes.begin(), codes.end());
    });
  }
  for (auto* codes : {&options.exit_codes, &options.exceptions, &options.thread_ends}) {
    std::ranges::sort(*codes);
    const auto repeated = std::ranges::unique(*codes);
    codes->erase(repeated.begin(), repeated.end());
  }
  limit_events(options, shown(key, facts.name));
  // A command line has an end. The dumper then asks about every end, and the rules decide.
  options.any_exit_code = options.any_exit_code || options.exit_codes.size() > kMaxExitCodes;
  if (options.any_exit_code) options.exit_codes.clear();
  return options;
}

Result<std::unique_ptr<Attachments::Attachment>> Attachments::start_dumper(
    const ProcessKey& key, const rules::ProcessFacts& facts, const rules::Rule& rule) {
  VIGIL_TRY_ASSIGN(auto to_dumper, platform::create_child_pipe(platform::PipeDirection::ToChild));
  VIGIL_TRY_ASSIGN(auto from_dumper,
                   platform::create_child_pipe(platform::PipeDirection::FromChild));
  platform::ChildOptions options;
  options.program = parts_.dumper;
  options.arguments = capture::to_command_line(options_for(key, facts, rule));
  options.std_in = to_dumper.childs.get();
  options.std_out = from_dumper.childs.get();
  // No job: a dumper that is killed leaves its target damaged, so it is always told to detach.
  VIGIL_TRY_ASSIGN(auto child, platform::start_child(options));
  auto attachment = std::make_unique<Attachment>();
  attachment->name = facts.name;
  attachment->rule = rule.name;
  attachment->arguments = std::move(options.arguments);
  attachment->process =
      std::make_unique<asio::windows::object_handle>(parts_.io, child.process.release());
  attachment->to_dumper =
      std::make_unique<asio::windows::stream_handle>(parts_.io, to_dumper.ours.release());
  attachment->from_dumper =
      std::make_unique<asio::windows::stream_handle>(parts_.io, from_dumper.ours.release());
  return attachment;
}

asio::awaitable<void> Attachments::converse(ProcessKey key) {
  std::string buffer;
  for (;;) {
    auto* attachment = find(key);
    if (attachment == nullptr) co_return;
    const auto [error, length] = co_await asio::async_read_until(
        *attachment->from_dumper, asio::dynamic_buffer(buffer, capture::kMaxEventBytes), '\n',
        kAwait);
    if (error) break;  // its end, or a line longer than any of its language
    auto line = buffer.substr(0, length);
    buffer.erase(0, length);
    if (!co_await handle_line(key, std::move(line))) break;
  }
  auto* attachment = find(key);
  if (attachment == nullptr) co_return;
  const auto unfinished = attachment->capture;
  finish_capture(*attachment);
  // Whatever is left of it sees the end of its input, and detaches. Until it has ended nobody else
  // can attach.
  detach(*attachment);
  co_await await_end(key, unfinished);
  attached_.erase(key);
  too_many_said_ = false;
}

/// A dumper that ends well or has a reason says so; of one that cannot, the exit code is all there
/// is.
asio::awaitable<void> Attachments::await_end(ProcessKey key,
                                             std::optional<store::CaptureId> unfinished) {
  auto& process = *find(key)->process;
  co_await process.async_wait(kAwait);
  const auto* attachment = find(key);
  const auto code = platform::exit_code(process.native_handle());
  if (!code.ok()) co_return;
  if (unfinished) {
    parts_.desk.give_up(
        *unfinished, fmt::format("no dump: its dumper ended with {:#x} before it was done", *code));
  } else if (*code != static_cast<std::uint32_t>(ExitCode::Ok) && !attachment->said_why_it_failed) {
    parts_.log.error("the dumper of {} ended with {:#x}", shown(key, attachment->name), *code);
  }
}

asio::awaitable<bool> Attachments::handle_line(ProcessKey key, std::string line) {
  const auto message = capture::dumper_message_from_json(line);
  auto* attachment = find(key);
  if (attachment == nullptr) co_return false;
  const auto who = shown(key, attachment->name);
  if (!message.ok()) {
    parts_.log.error("the dumper of {} says what it should not: {}", who,
                     message.error().message());
    co_return false;
  }
  switch (message->type) {
    case capture::DumperMessage::Type::Attached:
      parts_.log.info("attached to {} by rule {}", who, attachment->rule);
      break;
    case capture::DumperMessage::Type::Asking:
      if (message->signal.pid != key.pid) {
        parts_.log.error("the dumper of {} asks about process {}", who, message->signal.pid.value);
        co_return false;
      }
      co_await answer(key, message->signal);
      break;
    case capture::DumperMessage::Type::Handed:
      finish_capture(*attachment);
      if (store::is_death(message->signal.kind)) want_no_more(key);
      parts_.on_handed_over();
      break;
    case capture::DumperMessage::Type::Exited:
      want_no_more(key);
      parts_.log.debug("{} has ended while attached", who);
      break;
    case capture::DumperMessage::Type::Failed:
      finish_capture(*attachment);
      attachment->said_why_it_failed = true;
      parts_.log.warn("the dumper of {} failed: {}", who, printable_utf8(message->text));
      break;
  }
  co_return true;
}

asio::awaitable<void> Attachments::answer(ProcessKey key, store::Signal signal) {
  signal.source = store::Source::Attach;
  rules::Decision decision;
  auto verdict = parts_.desk.take(signal);
  if (verdict.ok() && has_dump(verdict->state)) {
    decision.reason = "there is a dump of this process already";
  } else if (verdict.ok()) {
    decision = verdict->decision;
  } else {
    // The store takes nothing now; the dump is worth more than the order, and comes with its own
    // event.
    parts_.desk.tell(signal);
    auto* attachment = find(key);
    if (attachment == nullptr) co_return;
    const auto& rules = parts_.desk.rules().rules;
    const auto rule = std::ranges::find(rules, attachment->rule, &rules::Rule::name);
    decision = {rules::DumpKind::Mini, attachment->rule, verdict.error().message(), false};
    if (rule != rules.end()) {
      decision.dump = rule->dump;
      decision.manner = rule->manner;
    }
  }
  const bool has_slot =
      decision.dump != rules::DumpKind::None && co_await parts_.slots.take(kSlotPatience);
  if (decision.dump != rules::DumpKind::None && !has_slot) {
    decision.dump = rules::DumpKind::None;
    decision.reason = fmt::format("{} captures are under way, which is capture.max_concurrent",
                                  parts_.slots.taken());
    parts_.log.warn("{}: {}", shown(key, signal.process), decision.reason);
    if (verdict.ok()) parts_.desk.refuse(verdict->id, decision);
  }
  auto* attachment = find(key);
  if (attachment == nullptr || attachment->released) {
    if (has_slot) parts_.slots.give_back();
    co_return;
  }
  attachment->capturing = has_slot;
  if (has_slot) {
    if (verdict.ok()) {
      attachment->capture = verdict->id;
      parts_.desk.expect_dump(verdict->id, parts_.clock.now() + parts_.settings.capture_timeout);
    }
  }
  const auto line = capture::to_json_line(decision);
  const auto [error, written] =
      co_await asio::async_write(*attachment->to_dumper, asio::buffer(line), kAwait);
  // A dumper that is gone is noticed where its lines are read.
  (void)error;
  (void)written;
}

void Attachments::finish_capture(Attachment& attachment) {
  if (!std::exchange(attachment.capturing, false)) return;
  parts_.slots.give_back();
  // From here on the inbox has it, or the row waits as long as any.
  if (attachment.capture) parts_.desk.stop_expecting(*attachment.capture);
  attachment.capture.reset();
}

void Attachments::want_no_more(const ProcessKey& key) {
  const auto attempts = attempts_.find(key);
  if (attempts != attempts_.end()) attempts->second = kMaxAttempts;
}

void Attachments::release(const ProcessKey& key) {
  attempts_.erase(key);
  auto* attachment = find(key);
  if (attachment != nullptr) detach(*attachment);
}

void Attachments::detach(Attachment& attachment) {
  if (std::exchange(attachment.released, true)) return;
  boost::system::error_code ignored;  // closing a valid handle does not fail
  attachment.to_dumper->close(ignored);
}

void Attachments::ended(const ProcessKey& key) {
  attempts_.erase(key);
}

void Attachments::stop() {
  stopping_ = true;
  for (auto& [key, attachment] : attached_) detach(*attachment);
}

Attachments::Attachment* Attachments::find(const ProcessKey& key) {
  const auto found = attached_.find(key);
  return found == attached_.end() ? nullptr : found->second.get();
}

}  // namespace vigil::service
