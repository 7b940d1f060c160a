// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "base/exception_codes.h"
#include "capture/win/handover.h"
#include "capture/win/line_channel.h"
#include "capture/win/modes.h"

namespace vigil::capture {
namespace {

constexpr std::uint32_t kAbortExitCode = 3;

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

  void on_death(const Death& death) override {
    const auto signal = signal_of(store::Source::Attach, facts_, death, memory_, process_);
    auto [decision, decided] = ask(signal);
    if (decided && decision.dump == rules::DumpKind::None)
      return;  // It knows all there is to know.
    const auto handed = hand_over(nt_, process_, memory_, options_, console_,
                                  {.signal = signal,
                                   .decision = std::move(decision),
                                   .decided = decided,
                                   .exception = death.exception,
                                   .held = true});
    if (!handed.ok()) return fail(signal, handed.error());
    if (handed.value().dump_error) fail(signal, *handed.value().dump_error);
    send(
        {.type = DumperMessage::Type::Handed, .signal = signal, .text = handed.value().event_file});
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
                         .reason = "the service did not answer"},
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
