// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

/// The little language in which symbol files say how to unwind: words in postfix order, such as
/// `$ebp 4 + ^`. `^` reads memory, `@` rounds down to a multiple, `=` assigns.
namespace vigil::unwind {

/// What a program reads and changes.
class Machine {
 public:
  virtual ~Machine() = default;
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;
  [[nodiscard]] virtual std::optional<std::uint64_t> get(std::string_view name) const = 0;
  /// False when \p name cannot be assigned to.
  [[nodiscard]] virtual bool set(std::string_view name, std::uint64_t value) = 0;
  /// One word of the stack.
  [[nodiscard]] virtual std::optional<std::uint64_t> load(std::uint64_t address) const = 0;

 protected:
  Machine() = default;
};

/// The one value that \p expression leaves; nullopt when it is damaged, divides by zero or needs
/// what is not known.
[[nodiscard]] std::optional<std::uint64_t> evaluate(std::string_view expression, Machine& machine);

/// Runs the assignments of \p program, and says whether all could be made.
[[nodiscard]] bool run_program(std::string_view program, Machine& machine);

}  // namespace vigil::unwind
