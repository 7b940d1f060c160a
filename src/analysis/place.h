// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "report/report.h"

namespace vigil::analysis {

/// `orders` of `Orders.DLL`: how a debugger writes a module before a function, in lower case.
[[nodiscard]] std::string module_stem(std::string_view file_name);

/// A frame by name, without an offset in its function: `orders!Cart::total`, `orders.dll+0x101a`
/// where it has none, or the address.
[[nodiscard]] std::string name_of(const report::Frame& frame);

/// Where a frame is, for a sentence: `orders!Cart::total (cart.cpp:214)`, or with its offset where
/// the line is not known.
[[nodiscard]] std::string place_in_words(const report::Frame& frame);

}  // namespace vigil::analysis
