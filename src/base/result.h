// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace vigil {

/// What a caller can do about a failure. The words are in Error::message(); the OS's own number is
/// kept apart in Error::os_code().
enum class Errc : std::uint8_t {
  NotFound,       ///< What was asked for is not there. Often an answer, not a fault.
  Truncated,      ///< The data ends before the structure it claims to hold.
  Malformed,      ///< The data is all there and breaks its format.
  Unsupported,    ///< The data is well formed, and this build does not read it.
  LimitExceeded,  ///< Refused: larger than a named limit.
  AccessDenied,   ///< The OS refused for lack of rights.
  Busy,           ///< Held by somebody else; the same call may work later.
  Cancelled,      ///< Stopped on request.
  DiskFull,       ///< No space is left where the result should go.
  Io,             ///< Any other failure of the OS.
  Internal,       ///< A fault of this program.
};

/// The name of \p code as it stands in JSON: `not_found`, `truncated`, …
[[nodiscard]] std::string_view to_string(Errc code) noexcept;

/// One failure: what a caller can do about it, and a sentence for a person. Messages are lower case
/// without full stop, the subject first, then what was found and what was expected.
class [[nodiscard]] Error {
 public:
  Error(Errc code, std::string message, std::uint32_t os_code = 0)
      : message_(std::move(message)), os_code_(os_code), code_(code) {}

  [[nodiscard]] Errc code() const noexcept { return code_; }
  [[nodiscard]] const std::string& message() const noexcept { return message_; }
  /// The OS's number (GetLastError, errno, NTSTATUS), or 0 when the failure was not the OS's.
  [[nodiscard]] std::uint32_t os_code() const noexcept { return os_code_; }

  /// The same failure, seen from one layer further out: `context: message`.
  [[nodiscard]] Error with_context(std::string_view context) &&;

 private:
  std::string message_;
  std::uint32_t os_code_;
  Errc code_;
};

namespace detail {
[[noreturn]] inline void check_failed(const char* what, const char* file, int line) noexcept {
  std::fprintf(stderr, "vigil: internal error: %s at %s:%d\n", what, file, line);
  std::abort();
}
}  // namespace detail

/// Ends the process when our own code is wrong, in release builds too. Never for input.
#define VIGIL_CHECK(condition)        \
  ((condition) ? static_cast<void>(0) \
               : ::vigil::detail::check_failed(#condition, __FILE__, __LINE__))

/// A value, or why there is none. Reading the wrong side ends the process.
template <class T>
class [[nodiscard]] Result {
 public:
  using Value = T;

  // Both conversions are implicit, so that `return value;` and `return Error{…};` read as they are.
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT

  [[nodiscard]] bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }

  [[nodiscard]] T& value() & {
    VIGIL_CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  [[nodiscard]] const T& value() const& {
    VIGIL_CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  [[nodiscard]] T take() && {
    VIGIL_CHECK(ok());
    return std::move(*std::get_if<0>(&state_));
  }
  [[nodiscard]] const Error& error() const& {
    VIGIL_CHECK(!ok());
    return *std::get_if<1>(&state_);
  }
  [[nodiscard]] Error take_error() && {
    VIGIL_CHECK(!ok());
    return std::move(*std::get_if<1>(&state_));
  }

  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  std::variant<T, Error> state_;
};

/// Success, or why not.
template <>
class [[nodiscard]] Result<void> {
 public:
  using Value = void;

  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: as above

  [[nodiscard]] bool ok() const noexcept { return !error_.has_value(); }
  explicit operator bool() const noexcept { return ok(); }
  void take() && { VIGIL_CHECK(ok()); }
  [[nodiscard]] const Error& error() const& {
    VIGIL_CHECK(!ok());
    return *error_;
  }
  [[nodiscard]] Error take_error() && {
    VIGIL_CHECK(!ok());
    return std::move(*error_);
  }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

#define VIGIL_CONCAT_IMPL(a, b) a##b
#define VIGIL_CONCAT(a, b) VIGIL_CONCAT_IMPL(a, b)

/// Returns the error of \p expr from the enclosing function, or goes on.
#define VIGIL_TRY(expr)                                 \
  do {                                                  \
    if (auto vigil_result = (expr); !vigil_result.ok()) \
      return std::move(vigil_result).take_error();      \
  } while (false)

#define VIGIL_TRY_ASSIGN_IMPL(temporary, decl, expr)             \
  auto temporary = (expr);                                       \
  if (!temporary.ok()) return std::move(temporary).take_error(); \
  decl = std::move(temporary).take()

/// `VIGIL_TRY_ASSIGN(const auto x, f());` declares x, or returns f's error. A declaration of its
/// own: it cannot be the body of an unbraced `if`, and GNU statement expressions would shut MSVC
/// out.
#define VIGIL_TRY_ASSIGN(decl, expr) \
  VIGIL_TRY_ASSIGN_IMPL(VIGIL_CONCAT(vigil_result_, __LINE__), decl, expr)

}  // namespace vigil
