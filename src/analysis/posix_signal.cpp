// SPDX-License-Identifier: Apache-2.0
#include "analysis/posix_signal.h"

#include <algorithm>
#include <span>

namespace vigil::analysis {
namespace {

constexpr PosixSignal kSignals[] = {
#define VIGIL_SIGNAL(number, name, meaning, has_address) {number, name, meaning, has_address},
#define VIGIL_MACH_EXCEPTION(number, name, meaning, has_address)
#include "analysis/posix_signals.inc"
#undef VIGIL_SIGNAL
#undef VIGIL_MACH_EXCEPTION
};

constexpr PosixSignal kMachExceptions[] = {
#define VIGIL_SIGNAL(number, name, meaning, has_address)
#define VIGIL_MACH_EXCEPTION(number, name, meaning, has_address) \
  {number, name, meaning, has_address},
#include "analysis/posix_signals.inc"
#undef VIGIL_SIGNAL
#undef VIGIL_MACH_EXCEPTION
};

bool is_linux(snapshot::Os os) noexcept {
  return os == snapshot::Os::Linux || os == snapshot::Os::Android;
}

bool is_apple(snapshot::Os os) noexcept {
  return os == snapshot::Os::MacOs || os == snapshot::Os::Ios;
}

}  // namespace

const PosixSignal* find_posix_signal(snapshot::Os os, std::uint32_t number) noexcept {
  std::span<const PosixSignal> known;
  if (is_linux(os)) known = kSignals;
  if (is_apple(os)) known = kMachExceptions;
  const auto found = std::ranges::find(known, number, &PosixSignal::number);
  return found == known.end() ? nullptr : &*found;
}

bool is_dump_request(snapshot::Os os, std::uint32_t number) noexcept {
  constexpr std::uint32_t kRequested = 0xffff'ffff;
  return number == kRequested && (is_linux(os) || is_apple(os));
}

}  // namespace vigil::analysis
