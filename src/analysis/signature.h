// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/analysis.h"
#include "analysis/function_name.h"

namespace vigil::analysis {

/// What a walk over a stack, looking for the frames that name a fault, made of one frame.
enum class Decision : std::uint8_t {
  AboveSentinel,  ///< A function further out starts the signature.
  Irrelevant,     ///< In the list of irrelevant frames, or in no module.
  Guess,          ///< Found by scanning the stack: it may be stale.
  Inline,         ///< No frame of its own, where only addresses count.
  Unnamed,        ///< It has no name, and a runtime that is linked in may be what it is.
  Prefix,         ///< Taken, and the next one is needed too.
  Kept,           ///< Taken.
  Same,           ///< Taken already: it equals the one before.
  Stop,           ///< Further out than what was taken.
};

struct FrameDecision {
  Decision decision = Decision::Stop;
  std::string_view pattern{};  ///< Of the list that decided.
  std::string part{};          ///< What it adds to the signature.
};

struct Selection {
  std::string_view how{};               ///< Which walk succeeded, for a person.
  std::vector<FrameDecision> frames{};  ///< For each frame that was looked at.
  std::vector<std::string> parts{};
  /// The frame to blame: the last that was taken, or the first where all are prefixes. Empty: the
  /// parts are of the system.
  std::optional<std::size_t> blamed{};
};

/// The frames of the normalised key. \p crash null: nothing crashed.
[[nodiscard]] Selection select_frames(const report::Thread& stack, const report::Crash* crash);

/// Those of the strict key.
[[nodiscard]] Selection select_strict_frames(const report::Thread& stack,
                                             const report::Crash* crash);

/// docs/formats/signature.md in code, but for the key of Windows Error Reporting. \p stack null:
/// there is none.
[[nodiscard]] report::Signature make_signature(const report::Thread* stack,
                                               const report::Crash* crash);

/// A signature of one part, where no frame but something else says who is to blame.
[[nodiscard]] report::Signature make_signature_of(std::string part, const report::Crash& crash);

}  // namespace vigil::analysis
