// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "pdb/c13.h"
#include "pdb/msf.h"

/// Calls that were inlined into a function.
namespace vigil::pdb {

struct InlinedCall {
  std::uint32_t inlinee = 0;  ///< In the stream of ids.
  FileLine place;             ///< In the inlined function; line 0: not known.
};

/// The calls that code \p offset bytes into the function is inside of, the outermost first. \p
/// scope are the function's records. Deeper calls than \p max_depth are left out, and \p too_deep
/// set.
[[nodiscard]] std::vector<InlinedCall> find_inlined_calls(const Stream& scope,
                                                          const LineTable& lines,
                                                          std::uint32_t offset,
                                                          std::size_t max_depth,
                                                          bool& too_deep);

}  // namespace vigil::pdb
