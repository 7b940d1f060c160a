// SPDX-License-Identifier: Apache-2.0
#include "unwind/unwind.h"

namespace vigil::unwind {

std::string_view to_string(FrameTrust trust) noexcept {
  switch (trust) {
    case FrameTrust::Context: return "context";
    case FrameTrust::UnwindInfo: return "unwind_info";
    case FrameTrust::Cfi: return "cfi";
    case FrameTrust::Leaf: return "leaf";
    case FrameTrust::FramePointer: return "frame_pointer";
    case FrameTrust::Scan: return "scan";
  }
  return "unknown";
}

std::string_view to_string(StopReason reason) noexcept {
  switch (reason) {
    case StopReason::EndOfStack: return "end_of_stack";
    case StopReason::NoContext: return "no_context";
    case StopReason::NoMemory: return "no_memory";
    case StopReason::NoImage: return "no_image";
    case StopReason::NoUnwindInfo: return "no_unwind_info";
    case StopReason::BadUnwindInfo: return "bad_unwind_info";
    case StopReason::NotInModule: return "not_in_module";
    case StopReason::OutsideStack: return "outside_stack";
    case StopReason::NoProgress: return "no_progress";
    case StopReason::FrameLimit: return "frame_limit";
    case StopReason::TimeLimit: return "time_limit";
  }
  return "unknown";
}

}  // namespace vigil::unwind
