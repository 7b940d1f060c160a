// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>

#include "base/time.h"

namespace vigil {

/// An integer with a meaning of its own, so that two of them cannot be swapped.
template <class Tag, class Int>
struct StrongId {
  Int value{};
  friend auto operator<=>(const StrongId&, const StrongId&) = default;
};

using ProcessId = StrongId<struct ProcessIdTag, std::uint32_t>;
using ThreadId = StrongId<struct ThreadIdTag, std::uint32_t>;

/// One life of one process. A process id alone is used again by the system; with the moment the
/// process was created it is not.
struct ProcessKey {
  ProcessId pid;
  Timestamp start;
  friend auto operator<=>(const ProcessKey&, const ProcessKey&) = default;
};

}  // namespace vigil
