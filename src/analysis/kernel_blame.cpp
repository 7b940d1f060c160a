// SPDX-License-Identifier: Apache-2.0
#include "analysis/kernel_blame.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "analysis/blame.h"
#include "analysis/bugcheck.h"
#include "analysis/place.h"
#include "base/utf.h"

namespace vigil::analysis {
namespace {

/// What a bugcheck that tells of hardware says of it; empty: it does not. What lies on the stack
/// then has met the fault, and did not make it.
struct HardwareRule {
  std::uint32_t code;
  std::optional<std::uint64_t> kind;  ///< The first parameter; none: whichever.
  std::string_view reason;
};
constexpr std::string_view kMemory = "this is mostly failing memory, and not a driver";
constexpr std::string_view kMachine = "the hardware reported this error, and no driver did";
constexpr std::string_view kDisk =
    "the disk, its cable or its controller did not give the page back, and the driver on the stack "
    "only asked for it";
constexpr std::string_view kEntry =
    "a page table entry was found to be damaged, by failing memory or long before, and whoever is "
    "on the stack only met it";
constexpr HardwareRule kHardware[] = {
    {0x1a, 0x3f, kMemory},
    {0x1a, 0x41792, kEntry},
    {0x1a, 0x5003, kMemory},
    {0x2e, {}, kMachine},
    {0x4e, 0x8d, kMemory},
    {0x77, {}, kDisk},
    {0x7a, {}, kDisk},
    {0x80, {}, kMachine},
    {0x9c, {}, kMachine},
    {0x101, {}, "a processor no longer answers, and the others only noticed"},
    {0x124, {}, kMachine},
    {0x12b, {}, kMemory},
    {0x1c7, {}, kMemory},
};

/// Of a page that could not be read because the system had no memory left for it, no disk is to
/// blame.
bool is_want_of_memory(std::uint64_t status) {
  constexpr std::uint32_t kInsufficientResources = 0xc000009a, kCommitmentLimit = 0xc000012d;
  const auto code = static_cast<std::uint32_t>(status & 0xffffffff);
  return code == kInsufficientResources || code == kCommitmentLimit;
}

std::string_view reason_of_hardware(const snapshot::Bugcheck& bugcheck) {
  constexpr std::uint32_t kStackPage = 0x77, kDataPage = 0x7a;
  const auto code = bugcheck.base_code();
  const auto& parameters = bugcheck.parameters;
  const auto found = std::ranges::find_if(kHardware, [&](const HardwareRule& rule) {
    return rule.code == code && (!rule.kind || rule.kind == parameters[0]);
  });
  if (found == std::end(kHardware)) return {};
  // The stack's own mark was not in its page, wherever that came from.
  if (code == kStackPage && parameters[0] <= 1) return kMemory;
  const auto status = parameters[code == kStackPage ? 0 : 1];
  if ((code == kStackPage || code == kDataPage) && is_want_of_memory(status)) return {};
  return found->reason;
}

class Search {
 public:
  explicit Search(const Input& input)
      : input_(input),
        kernel_(*input.snapshot.kernel),
        modules_(input.snapshot.modules),
        map_(input.snapshot.modules) {}

  KernelCulprit run() const {
    if (is_made_on_purpose(kernel_)) return {};
    if (const auto reason = reason_of_hardware(kernel_.bugcheck); !reason.empty())
      return nobody(reason);
    for (const auto step : {&Search::by_request, &Search::by_process, &Search::by_instruction,
                            &Search::by_stack, &Search::by_parameter, &Search::by_system,
                            &Search::by_scan, &Search::by_windows_driver}) {
      if (auto culprit = (this->*step)()) return *std::move(culprit);
    }
    return nobody(why_nobody());
  }

 private:
  using Culprit = std::optional<KernelCulprit>;

  static KernelCulprit nobody(std::string_view reason) {
    KernelCulprit culprit;
    culprit.reason = reason;
    return culprit;
  }
  /// What the bugcheck names, and would tell who it was, where this dump does not have it.
  [[nodiscard]] std::string missing_object() const {
    if (const auto request = snapshot::named_request(kernel_.bugcheck)) {
      if (!kernel_.request) {
        return fmt::format("the request {:#x}, which the bugcheck names, is not in this dump",
                           *request);
      }
      return fmt::format("the driver at whose device the request {:#x} lies is not in this dump",
                         *request);
    }
    if (const auto ended = snapshot::ended_object(kernel_.bugcheck)) {
      return fmt::format("the {} that ended, {:#x}, is not in this dump",
                         ended->is_thread ? "thread" : "process", ended->address);
    }
    return {};
  }
  [[nodiscard]] std::string why_nobody() const {
    if (auto missing = missing_object(); !missing.empty()) return missing;
    if (modules_.empty()) return "this dump does not say which drivers were loaded";
    const bool stack = !kernel_.stack_candidates.empty() ||
                       std::ranges::any_of(input_.threads, [](const report::Thread& thread) {
                         return thread.frames.size() > 1;
                       });
    return stack ? "no driver but Windows' own is on the stack or among the parameters"
                 : "this dump has no stack to tell by";
  }

  [[nodiscard]] std::optional<std::size_t> module_at(std::uint64_t address) const {
    const auto module = address == 0 ? std::nullopt : map_.find(address);
    // Nobody can be told to look at a driver without a name.
    return module && !modules_[*module].name().empty() ? module : std::nullopt;
  }
  /// The module of \p address where it is a driver that Windows does not bring along.
  [[nodiscard]] std::optional<std::size_t> third_party(std::uint64_t address) const {
    const auto module = module_at(address);
    return module && !is_windows_driver(modules_[*module]) ? module : std::nullopt;
  }
  [[nodiscard]] std::uint64_t instruction() const {
    return input_.snapshot.exception ? input_.snapshot.exception->address : 0;
  }

  [[nodiscard]] Culprit by_instruction() const {
    const auto module = third_party(instruction());
    if (!module) return std::nullopt;
    return KernelCulprit{.module = module,
                         .address = instruction(),
                         .frame = 0,
                         .reason = "the instruction that failed is in it"};
  }
  [[nodiscard]] Culprit in_frames(bool guesses) const {
    if (input_.threads.empty()) return std::nullopt;
    const auto& frames = input_.threads.front().frames;
    for (std::size_t i = 0; i < frames.size(); ++i) {
      if (is_guess(frames[i]) != guesses) continue;
      const auto module = third_party(frames[i].instruction);
      if (!module) continue;
      return KernelCulprit{.module = module,
                           .address = frames[i].instruction,
                           .frame = i,
                           .reason = "it is the innermost on the stack that is not Windows' own",
                           .probable = guesses};
    }
    return std::nullopt;
  }
  [[nodiscard]] Culprit by_stack() const { return in_frames(false); }

  [[nodiscard]] Culprit by_parameter() const {
    const auto& parameters = kernel_.bugcheck.parameters;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const auto module = third_party(parameters[i]);
      if (!module) continue;
      return KernelCulprit{.module = module,
                           .address = parameters[i],
                           .reason = fmt::format("parameter {} points into it", i + 1)};
    }
    return std::nullopt;
  }
  /// The driver at whose device the request lies that was not finished.
  [[nodiscard]] Culprit by_request() const {
    if (!kernel_.request) return std::nullopt;
    const auto& request = *kernel_.request;
    const auto module = module_at(request.driver_start);
    if (!module) return std::nullopt;
    const auto name =
        request.driver_name.empty() ? std::string() : fmt::format(" of {}", request.driver_name);
    return KernelCulprit{.module = module,
                         .reason = fmt::format("the request {:#x} lies at its device {:#x}{}",
                                               request.address, request.device, name)};
  }
  [[nodiscard]] Culprit by_system() const {
    if (kernel_.broken_driver.empty()) return std::nullopt;
    const auto wanted = ascii_lower(windows_file_name(kernel_.broken_driver));
    for (std::size_t i = 0; i < modules_.size(); ++i) {
      if (ascii_lower(modules_[i].name()) != wanted) continue;
      return KernelCulprit{.module = i, .reason = "the system itself suspected it"};
    }
    return std::nullopt;
  }
  /// The process that must not end and did, or one of whose threads did that must not.
  [[nodiscard]] Culprit by_process() const {
    const auto ended = snapshot::ended_object(kernel_.bugcheck);
    if (!ended) return std::nullopt;
    if (ended->is_thread) return by_thread(ended->address);
    const auto found =
        std::ranges::find(kernel_.processes, ended->address, &snapshot::KernelProcess::address);
    if (found == kernel_.processes.end() || found->image.empty()) return std::nullopt;
    return KernelCulprit{
        .process = found->image,
        .reason = "it is the process that ended" +
                  (found->pid ? fmt::format(", pid {}", *found->pid) : std::string())};
  }
  [[nodiscard]] Culprit by_thread(std::uint64_t address) const {
    const auto found =
        std::ranges::find(kernel_.threads, address, &snapshot::KernelThread::address);
    if (found == kernel_.threads.end() || found->image.empty()) return std::nullopt;
    const bool named = found->pid && found->tid;
    return KernelCulprit{
        .process = found->image,
        .reason = "a thread of it ended that must not" +
                  (named ? fmt::format(", {}.{}", *found->pid, *found->tid) : std::string())};
  }
  [[nodiscard]] Culprit by_scan() const {
    if (auto culprit = in_frames(true)) return culprit;
    for (const auto address : kernel_.stack_candidates) {
      const auto module = third_party(address);
      if (!module) continue;
      return KernelCulprit{.module = module,
                           .address = address,
                           .reason =
                               "an address in it lies on the stack, the first of a driver that "
                               "is not Windows' own",
                           .probable = true};
    }
    return std::nullopt;
  }
  [[nodiscard]] Culprit by_windows_driver() const {
    const auto module = module_at(instruction());
    const bool is_kernel = module && modules_[*module].base == kernel_.kernel_base;
    if (!module || is_kernel) return std::nullopt;
    return KernelCulprit{.module = module,
                         .address = instruction(),
                         .frame = 0,
                         .reason = fmt::format("it failed in {}, by its name Windows' own: whoever "
                                               "called it may be to blame",
                                               modules_[*module].name()),
                         .of_windows = true};
  }

  const Input& input_;
  const snapshot::KernelState& kernel_;
  const std::vector<snapshot::Module>& modules_;
  snapshot::ModuleMap map_;
};

}  // namespace

KernelCulprit find_kernel_culprit(const Input& input) {
  return Search(input).run();
}

}  // namespace vigil::analysis
