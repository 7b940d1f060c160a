// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/exception_codes.h"
#include "base/utf.h"
#include "capture/exception_text.h"
#include "capture/fields.h"
#include "capture/win/handover.h"
#include "capture/win/line_channel.h"
#include "capture/win/modes.h"

namespace vigil::capture {
namespace {

constexpr std::uint32_t kAbortExitCode = 3;
/// Between two questions about exceptions, modules and threads of one process: the shortest, after
/// a dump, and the longest, to which refusals double it.
constexpr std::chrono::seconds kExceptionPause{1};
constexpr std::chrono::seconds kLongestExceptionPause{600};

class AttachedDumper final : public DebugObserver {
 public:
  AttachedDumper(const Nt& nt,
                 const TargetProcess& process,
                 TargetMemory& memory,
                 const DumperOptions& options,
                 const DumperConsole& console)
      : nt_(nt),
        process_(process),
        memory_(memory),
        options_(options),
        console_(console),
        service_(::GetStdHandle(STD_INPUT_HANDLE), ::GetStdHandle(STD_OUTPUT_HANDLE)),
        facts_(process.facts()) {
    facts_.source = store::Source::Attach;
    facts_.at = SystemClock().now();
  }

  void on_attached() override { send({.type = DumperMessage::Type::Attached, .signal = facts_}); }

  bool wants_exit(std::uint32_t exit_code) override {
    if (exit_code == 0) return false;
    return options_.any_exit_code || exit_code == kAbortExitCode || is_crash_exit_code(exit_code) ||
           std::ranges::find(options_.exit_codes, exit_code) != options_.exit_codes.end();
  }

  bool wants_exception(const ExceptionContent& exception) override {
    return is_asked_for(exception) && has_time();
  }

  void on_exception(const ExceptionContent& exception) override {
    auto signal =
        signal_of(store::Source::Attach, facts_, {.exception = exception}, memory_, process_);
    signal.kind = store::Kind::Exception;
    signal.text = exception_text(memory_, exception.code, exception.parameters);
    signal.detail = fmt::format("exception {} was raised", exception_name(exception.code));
    if (!signal.text.empty()) signal.detail += ": " + signal.text;
    act_within_pause(signal, exception);
  }

  bool wants_module(std::string_view path) override {
    return rules::module_fits(options_.modules, path) && has_time();
  }

  void on_module(std::string_view path, const ExceptionContent& where) override {
    auto signal = signal_of_event(store::Kind::Module, where);
    signal.text = module_text(path);
    signal.detail = fmt::format("loaded {}", signal.text);
    act_within_pause(signal, where);
  }

  bool wants_thread_end(std::uint32_t exit_code) override {
    const auto& codes = options_.thread_ends;
    return std::ranges::find(codes, exit_code) != codes.end() && has_time();
  }

  void on_thread_end(std::uint32_t exit_code, const ExceptionContent& what) override {
    auto signal = signal_of_event(store::Kind::ThreadEnd, what);
    signal.exit_code = exit_code;
    // Where it stood tells little: what it ended with, and in which program, is what sets it apart.
    signal.fault_key =
        fmt::format("{:08x}:{:x}|{}", kThreadEndCode, exit_code, ascii_lower(facts_.process));
    signal.detail = fmt::format("thread {} ended with code {}", what.thread.value,
                                exit_code_in_words(exit_code));
    act_within_pause(signal, what);
  }

  bool watches_thread_starts() override { return !options_.thread_starts.empty(); }

  bool wants_thread_start(std::string_view path) override {
    return rules::module_fits(options_.thread_starts, path) && has_time();
  }

  void on_thread_start(std::string_view path, const ExceptionContent& what) override {
    auto signal = signal_of_event(store::Kind::ThreadStart, what);
    signal.text = module_text(path);
    signal.detail = fmt::format("thread {} started in {}", what.thread.value, signal.text);
    act_within_pause(signal, what);
  }

  void on_death(const Death& death) override {
    (void)act_on(signal_of(store::Source::Attach, facts_, death, memory_, process_),
                 death.exception);
  }

  bool should_detach() override { return console_.cancel.stop_requested() || service_.ended(); }

  void exited(std::uint32_t code) {
    auto signal = facts_;
    signal.at = SystemClock().now();
    signal.exit_code = code;
    signal.kind = is_crash_exit_code(code) ? store::Kind::Crash : store::Kind::Exit;
    send({.type = DumperMessage::Type::Exited, .signal = signal, .exit_code = code});
  }

  void fail(const store::Signal& signal, const Error& error) {
    send({.type = DumperMessage::Type::Failed, .signal = signal, .text = error.message()});
  }

  [[nodiscard]] const store::Signal& facts() const noexcept { return facts_; }

 private:
  struct Answer {
    rules::Decision decision;
    bool decided = false;
  };

  /// Of what is no exception; the code is the dump's.
  [[nodiscard]] store::Signal signal_of_event(store::Kind kind, const ExceptionContent& what) {
    auto signal = signal_of(store::Source::Attach, facts_, {.exception = what}, memory_, process_);
    signal.kind = kind;
    signal.exception_code.reset();
    return signal;
  }

  static std::string module_text(std::string_view path) {
    return printable(path.size() <= kMaxEventText ? path : windows_file_name(path), kMaxEventText);
  }

  /// By its code, or by what it says; that is read only where somebody asks for it.
  [[nodiscard]] bool is_asked_for(const ExceptionContent& exception) {
    const auto has = [&](const std::vector<std::uint32_t>& codes) {
      return std::ranges::find(codes, exception.code) != codes.end();
    };
    if (has(options_.exceptions)) return true;
    std::optional<std::string> text;
    return std::ranges::any_of(options_.exception_texts, [&](const ExceptionWatch& watch) {
      if (!watch.codes.empty() && !has(watch.codes)) return false;
      if (!text) text = exception_text(memory_, exception.code, exception.parameters);
      return !text->empty() && rules::glob_matches(watch.text, *text);
    });
  }

  /// A program that does it thousands of times a second must not be held up by as many questions.
  [[nodiscard]] bool has_time() {
    const auto now = std::chrono::steady_clock::now();
    if (asked_ && now - *asked_ < pause_) {
      ++passed_over_;
      return false;
    }
    asked_ = now;
    return true;
  }

  void act_within_pause(store::Signal& signal, const ExceptionContent& exception) {
    if (const auto passed_over = std::exchange(passed_over_, 0); passed_over != 0)
      signal.detail += fmt::format("; {} more since the last that was asked about", passed_over);
    pause_ =
        act_on(signal, exception) ? kExceptionPause : std::min(pause_ * 2, kLongestExceptionPause);
  }

  /// Asks the service, and does what it says. False: that was nothing.
  bool act_on(const store::Signal& signal, const ExceptionContent& exception) {
    auto [decision, decided] = ask(signal);
    if (decided && decision.dump == rules::DumpKind::None)
      return false;  // It knows all there is to know.
    const auto handed = hand_over(nt_, process_, memory_, options_, console_,
                                  {.signal = signal,
                                   .decision = std::move(decision),
                                   .decided = decided,
                                   .exception = exception,
                                   .held = true});
    if (!handed.ok()) {
      fail(signal, handed.error());
      return true;
    }
    if (handed.value().dump_error) fail(signal, *handed.value().dump_error);
    send(
        {.type = DumperMessage::Type::Handed, .signal = signal, .text = handed.value().event_file});
    return true;
  }

  /// The service's word, or what the dumper was told at its start when that does not come.
  Answer ask(const store::Signal& signal) {
    service_.discard();
    send({.type = DumperMessage::Type::Asking, .signal = signal});
    const auto line =
        service_.read(std::chrono::duration_cast<std::chrono::milliseconds>(kDecisionTimeout));
    if (line) {
      auto decision = decision_from_json(*line);
      if (decision.ok()) return {.decision = std::move(decision).take(), .decided = true};
      fail(signal, decision.error());
    }
    return {.decision = {.dump = options_.dump,
                         .rule = options_.rule,
                         .reason = "the service did not answer",
                         .manner = options_.manner},
            .decided = false};
  }

  void send(const DumperMessage& message) { service_.write(to_json_line(message)); }

  const Nt& nt_;
  const TargetProcess& process_;
  TargetMemory& memory_;
  const DumperOptions& options_;
  const DumperConsole& console_;
  LineChannel service_;
  store::Signal facts_;
  std::optional<std::chrono::steady_clock::time_point> asked_;  // of any event but a death
  std::chrono::seconds pause_ = kExceptionPause;                // until the next
  std::size_t passed_over_ = 0;                                 // since then
};

}  // namespace

Status run_attach(const Nt& nt, const DumperOptions& options, const DumperConsole& console) {
  VIGIL_TRY_ASSIGN(const auto process,
                   TargetProcess::open(nt, options.pid, TargetProcess::Use::Debug));
  VIGIL_TRY(check_is_the_one(process, options));
  LiveMemory live(process.handle());
  PatchedMemory shown(live);
  AttachedDumper dumper(nt, process, shown, options, console);
  const auto end = debug_process(process, nt, shown, options.exit_trap, dumper);
  if (!end.ok()) {
    dumper.fail(dumper.facts(), end.error());
    return end.error();
  }
  if (end.value().exit_code) dumper.exited(*end.value().exit_code);
  return {};
}

}  // namespace vigil::capture
