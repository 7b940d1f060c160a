// SPDX-License-Identifier: Apache-2.0
#include "analysis/kernel_blame.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "analysis/blame.h"
#include "analysis/bugcheck.h"
#include "analysis/place.h"
#include "base/utf.h"

namespace vigil::analysis {
namespace {

constexpr std::uint32_t kCriticalProcessDied = 0xef, kCriticalObjectTermination = 0xf4;

/// Where hardware speaks, what lies on the stack is nobody's fault.
bool is_of_hardware(std::uint32_t code) {
  constexpr std::array<std::uint32_t, 7> kCodes = {0x2e, 0x80, 0x9c, 0x101, 0x124, 0x12b, 0x1c7};
  return std::ranges::find(kCodes, code) != kCodes.end();
}

class Search {
 public:
  explicit Search(const Input& input)
      : input_(input),
        kernel_(*input.snapshot.kernel),
        modules_(input.snapshot.modules),
        map_(input.snapshot.modules) {}

  std::optional<KernelCulprit> run() const {
    if (is_made_on_purpose(kernel_)) return std::nullopt;
    const auto code = kernel_.bugcheck.base_code();
    for (const auto step : {&Search::by_request, &Search::by_instruction, &Search::by_stack,
                            &Search::by_parameter, &Search::by_system, &Search::by_process}) {
      if (auto culprit = (this->*step)()) return culprit;
    }
    if (is_of_hardware(code)) return std::nullopt;
    if (auto culprit = by_scan()) return culprit;
    return by_windows_driver();
  }

 private:
  using Culprit = std::optional<KernelCulprit>;

  [[nodiscard]] std::optional<std::size_t> module_at(std::uint64_t address) const {
    return address == 0 ? std::nullopt : map_.find(address);
  }
  /// The module of \p address where it is a driver that Windows does not bring along.
  [[nodiscard]] std::optional<std::size_t> third_party(std::uint64_t address) const {
    const auto module = module_at(address);
    return module && !is_system_module(modules_[*module].name()) ? module : std::nullopt;
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
  [[nodiscard]] Culprit by_process() const {
    const auto code = kernel_.bugcheck.base_code();
    if (code != kCriticalProcessDied && code != kCriticalObjectTermination) return std::nullopt;
    const auto address = kernel_.bugcheck.parameters[code == kCriticalProcessDied ? 0 : 1];
    const auto found =
        std::ranges::find(kernel_.processes, address, &snapshot::KernelProcess::address);
    if (found == kernel_.processes.end() || found->image.empty()) return std::nullopt;
    return KernelCulprit{.process = found->image, .reason = "it is the process that ended"};
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
                         .reason = fmt::format("it failed in {}, which comes with Windows: whoever "
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

std::optional<KernelCulprit> find_kernel_culprit(const Input& input) {
  return Search(input).run();
}

}  // namespace vigil::analysis
