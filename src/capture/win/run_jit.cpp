// SPDX-License-Identifier: Apache-2.0
#include <chrono>

#include <fmt/format.h>

#include "base/utf.h"
#include "capture/win/handover.h"
#include "capture/win/modes.h"
#include "platform/platform.h"
#include "rules/rules.h"

namespace vigil::capture {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// After the process was told to go on: how long its exception may take to come to its debugger.
constexpr std::chrono::seconds kMaxWaitForException{30};

/// The event that the crashed process waits for; signalled once, at the latest when this ends.
class Release {
 public:
  explicit Release(std::uint64_t handle)
      : event_(reinterpret_cast<HANDLE>(static_cast<std::uintptr_t>(handle))) {}
  Release(const Release&) = delete;
  Release& operator=(const Release&) = delete;
  ~Release() { signal(); }
  void signal() {
    if (HANDLE event = std::exchange(event_, nullptr); event != nullptr) ::SetEvent(event);
  }

 private:
  HANDLE event_;  ///< Inherited from the crashed process's side; it ends with this program.
};

class JitDumper final : public DebugObserver {
 public:
  JitDumper(const Nt& nt,
            const TargetProcess& process,
            TargetMemory& memory,
            const DumperOptions& options,
            const DumperConsole& console,
            Release& release)
      : nt_(nt),
        process_(process),
        memory_(memory),
        options_(options),
        console_(console),
        release_(release) {}

  void on_attached() override {
    release_.signal();
    released_at_ = SteadyClock::now();
  }
  bool wants_exit(std::uint32_t) override { return false; }

  void on_death(const Death& death) override {
    const auto signal =
        signal_of(store::Source::AeDebug, process_.facts(), death, memory_, process_);
    deliver(signal, death.exception, /*held=*/true);
  }

  bool should_detach() override {
    return console_.cancel.stop_requested() ||
           (released_at_ && !delivered_ &&
            SteadyClock::now() - *released_at_ > kMaxWaitForException);
  }

  void deliver(const store::Signal& signal, const ExceptionContent& exception, bool held) {
    const auto handed = hand_over(
        nt_, process_, memory_, options_, console_,
        {.signal = signal, .decision = decide(signal), .exception = exception, .held = held});
    delivered_ = true;
    if (!handed.ok()) {
      outcome_ = handed.error();
    } else if (handed.value().dump_error) {
      outcome_ = *handed.value().dump_error;
    }
  }

  [[nodiscard]] Status outcome() const {
    if (!delivered_) {
      return Error{Errc::NotFound,
                   fmt::format("process {}: its exception did not come", process_.pid().value)};
    }
    return outcome_;
  }

 private:
  /// By the rule files alone, without their limits: those the service knows, and decides again by.
  rules::Decision decide(const store::Signal& signal) const {
    auto loaded = rules::load_rules(options_.rules_folder);
    (void)loaded.rules.retire(SystemClock().now());
    if (!loaded.problems.empty()) {
      return {.dump = rules::DumpKind::Mini,
              .rule = {},
              .reason = "rules are not in order: " + loaded.problems.front().format()};
    }
    const rules::ProcessFacts facts{
        .name = signal.process, .path = signal.path, .command_line = signal.command_line};
    const auto* rule =
        loaded.rules.find(rules::EventKind::Crash, signal.exception_code.value_or(0), facts);
    if (rule == nullptr)
      return {.dump = rules::DumpKind::None, .rule = {}, .reason = "no rule matches"};
    return {.dump = rule->dump,
            .rule = rule->name,
            .reason = "rule " + rule->name,
            .manner = rule->manner};
  }

  const Nt& nt_;
  const TargetProcess& process_;
  TargetMemory& memory_;
  const DumperOptions& options_;
  const DumperConsole& console_;
  Release& release_;
  std::optional<SteadyClock::time_point> released_at_;
  bool delivered_ = false;
  Status outcome_;
};

/// What the crashing process left for its post-mortem debugger at the address on the command line.
/// Some systems pass an address where nothing of the kind lies, so everything is checked.
std::optional<Death> death_from_jit_info(TargetMemory& memory,
                                         ProcessId pid,
                                         std::uint64_t address) {
  struct JitDebugInfo {
    std::uint32_t size;
    std::uint32_t architecture;
    std::uint32_t thread;
    std::uint32_t reserved;
    std::uint64_t exception_address;
    std::uint64_t exception_record;
    std::uint64_t context_record;
  };
  struct RawRecord {
    std::uint32_t code;
    std::uint32_t flags;
    std::uint64_t nested;
    std::uint64_t address;
    std::uint32_t parameters;
    std::uint32_t padding;
    std::array<std::uint64_t, EXCEPTION_MAXIMUM_PARAMETERS> information;
  };
  const auto info = memory.read_value<JitDebugInfo>(address);
  if (!info || info->size != sizeof(JitDebugInfo) ||
      info->architecture != PROCESSOR_ARCHITECTURE_AMD64)
    return std::nullopt;
  const platform::KernelHandle thread(
      ::OpenThread(THREAD_QUERY_LIMITED_INFORMATION, FALSE, info->thread));
  if (!thread || ::GetProcessIdOfThread(thread.get()) != pid.value) return std::nullopt;
  const auto record = memory.read_value<RawRecord>(info->exception_record);
  if (!record || record->parameters > EXCEPTION_MAXIMUM_PARAMETERS) return std::nullopt;
  Death death{.exception = {.thread = {info->thread},
                            .code = record->code,
                            .flags = record->flags,
                            .nested_record = record->nested,
                            .address = record->address}};
  death.exception.parameters.assign(record->information.begin(),
                                    record->information.begin() + record->parameters);
  death.exception.context = memory.read_up_to(info->context_record, sizeof(CONTEXT));
  if (death.exception.context.size() != sizeof(CONTEXT)) death.exception.context.clear();
  return death;
}

}  // namespace

Status run_jit(const Nt& nt, const DumperOptions& given, const DumperConsole& console) {
  Release release(given.jit_event);
  auto options = given;
  if (options.inbox.empty() || options.rules_folder.empty()) {
    VIGIL_TRY_ASSIGN(const auto data, platform::default_data_folder());
    if (options.inbox.empty()) options.inbox = data / "inbox";
    if (options.rules_folder.empty()) options.rules_folder = data / "rules.d";
  }
  VIGIL_TRY_ASSIGN(const auto process,
                   TargetProcess::open(nt, options.pid, TargetProcess::Use::Debug));
  LiveMemory live(process.handle());
  PatchedMemory shown(live);
  JitDumper dumper(nt, process, shown, options, console, release);
  const auto end = debug_process(process, nt, shown, /*exit_trap=*/false, dumper);
  if (end.ok()) return dumper.outcome();
  // Somebody else debugs it. The process waits for the event, so it can be dumped as it stands.
  const auto death = death_from_jit_info(shown, process.pid(), options.jit_info);
  if (!death) return end.error();
  dumper.deliver(signal_of(store::Source::AeDebug, process.facts(), *death, shown, process),
                 death->exception, /*held=*/false);
  return dumper.outcome();
}

}  // namespace vigil::capture
