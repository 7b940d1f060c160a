// SPDX-License-Identifier: Apache-2.0
#include "unwind/postfix.h"

#include <array>
#include <charconv>
#include <cstddef>

namespace vigil::unwind {
namespace {

/// Compilers write programs three deep.
constexpr std::size_t kMaxDepth = 32;

/// A value, or a name that has not been looked up yet since it may be assigned to.
struct Operand {
  std::string_view name;  // empty: value
  std::uint64_t value = 0;
};

class Evaluator {
 public:
  explicit Evaluator(Machine& machine) : machine_(machine) {}

  bool run(std::string_view text) {
    while (true) {
      const auto start = text.find_first_not_of(' ');
      if (start == std::string_view::npos) return true;
      text.remove_prefix(start);
      // Microsoft's linker leaves out the space behind some assignments: `+ =$eip`.
      const auto word = text[0] == '=' ? text.substr(0, 1) : text.substr(0, text.find(' '));
      text.remove_prefix(word.size());
      if (!take(word)) return false;
    }
  }

  [[nodiscard]] bool empty() const noexcept { return depth_ == 0; }
  [[nodiscard]] std::optional<std::uint64_t> pop() {
    if (depth_ == 0) return std::nullopt;
    const auto& top = operands_[--depth_];
    return top.name.empty() ? std::optional(top.value) : machine_.get(top.name);
  }

 private:
  bool take(std::string_view word) {
    if (word.size() == 1) {
      switch (word[0]) {
        case '+':
        case '-':
        case '*':
        case '/':
        case '%':
        case '@': return binary(word[0]);
        case '^': return load();
        case '=': return assign();
        default: break;
      }
    }
    const bool number = (word[0] >= '0' && word[0] <= '9') || word[0] == '-';
    return number ? push_number(word) : push({word});
  }

  bool push(Operand operand) {
    if (depth_ == kMaxDepth) return false;
    operands_[depth_++] = operand;
    return true;
  }

  bool push_number(std::string_view word) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc() || end != word.data() + word.size()) return false;
    return push({{}, static_cast<std::uint64_t>(value)});
  }

  bool binary(char operation) {
    const auto right = pop();
    const auto left = pop();
    if (!left || !right) return false;
    switch (operation) {
      case '+': return push({{}, *left + *right});
      case '-': return push({{}, *left - *right});
      case '*': return push({{}, *left * *right});
      default: break;
    }
    if (*right == 0) return false;
    switch (operation) {
      case '/': return push({{}, *left / *right});
      case '%': return push({{}, *left % *right});
      default: return push({{}, *left - *left % *right});
    }
  }

  bool load() {
    const auto address = pop();
    const auto value = address ? machine_.load(*address) : std::nullopt;
    return value && push({{}, *value});
  }

  bool assign() {
    const auto value = pop();
    if (!value || depth_ == 0) return false;
    const auto name = operands_[--depth_].name;
    return !name.empty() && machine_.set(name, *value);
  }

  Machine& machine_;
  std::array<Operand, kMaxDepth> operands_{};
  std::size_t depth_ = 0;
};

}  // namespace

std::optional<std::uint64_t> evaluate(std::string_view expression, Machine& machine) {
  Evaluator evaluator(machine);
  if (!evaluator.run(expression)) return std::nullopt;
  const auto value = evaluator.pop();
  return evaluator.empty() ? value : std::nullopt;
}

bool run_program(std::string_view program, Machine& machine) {
  Evaluator evaluator(machine);
  return evaluator.run(program) && evaluator.empty();
}

}  // namespace vigil::unwind
