// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "names/cursor.h"

namespace vigil::names {

/// Reads and writes names of Rust's second scheme (RFC 2603), without hashes. They refer back to
/// characters rather than to parts, so that nothing is built: what is referred to is read again.
/// Output, steps and depth are limited for that. It does not own the text.
class RustV0 {
 public:
  /// \p text is what stands behind `_R`.
  explicit RustV0(std::string_view text) : text_(text) {}

  [[nodiscard]] std::optional<std::string> name();

 private:
  struct Identifier {
    std::string_view text;
    bool is_punycode = false;
  };

  void path(bool is_value);
  void nested(bool is_value);
  void implementation(bool of_trait);
  void instance(bool is_value);
  void lifetime(std::uint64_t index);
  std::uint64_t binder();
  void type();
  void sequence();
  void tuple();
  void reference();
  void function();
  void dynamic();
  void trait();
  void constant();
  void put_constant(char code, std::string_view digits);
  /// `Bn_`: what was read at the n-th character, again.
  template <class Read>
  void again(Read read);

  std::uint64_t base62();
  std::uint64_t disambiguator(char tag);
  Identifier identifier();
  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  char next();
  bool take(char c);
  bool step();
  void put(std::string_view text);
  void put(const Identifier& identifier);
  void put_number(std::uint64_t value);

  std::string_view text_;
  std::size_t at_ = 0;
  std::string out_;
  bool is_silent_ = false;  // what is read is not written
  bool failed_ = false;
  std::uint32_t depth_ = 0;
  std::size_t steps_ = 0;
  std::uint64_t binders_ = 0;  // lifetimes that `for<…>` around brings along
};

template <class Read>
void RustV0::again(Read read) {
  const auto here = at_ - 1;
  const auto target = base62();
  if (failed_ || target >= here) {
    failed_ = true;
    return;
  }
  if (is_silent_) return;
  const auto back = std::exchange(at_, static_cast<std::size_t>(target));
  read();
  at_ = back;
}

}  // namespace vigil::names
