// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace vigil::names {

/// Names as compilers decorate them, turned back into what the source says.
///
/// Names come out of dumps, images and symbol files, so all of them are hostile: the time is linear
/// in the length of the name with a bound of its own, recursion and output are limited, and what is
/// not understood, or would be longer than kMaxName, comes back as it is. Pure; any thread.

/// Longer decorated names are not looked at.
inline constexpr std::size_t kMaxDecorated = 16 * 1024;
/// A name that would be longer than this stays decorated. A few characters of a decorated name can
/// repeat others, and so stand for kilobytes.
inline constexpr std::size_t kMaxName = 4 * 1024;

/// The qualified name with template arguments, without its own parameters, return type, calling
/// convention and access: `orders::Map<int,char const *>::find` of
/// `?find@?$Map@HPEBD@orders@@QEAAHXZ`. Written as the compiler's own tools write names:
///
/// - Microsoft's (`?…`, and types, `.?AV…`, of run-time type information) as its debuggers do,
///   without `class`, `struct`, `union` and `enum`;
/// - Itanium's (`_Z…`: GCC, clang) as `c++filt -p` does, without suffixes such as `.cold`;
/// - Rust's (`_R…`, and `_ZN…17h<hash>E` with the hash left out);
/// - of C on 32-bit x86 `f` for `_f@12`, `@f@12` and `f@@12`; `_f` stays, as nobody knows whose
///   underscore that is.
///
/// All other names come back as they are, and so does one of Microsoft's that is only a hash.
[[nodiscard]] std::string undecorate(std::string_view name);

}  // namespace vigil::names
