// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/deadline.h"
#include "breakpad/breakpad.h"
#include "image/image.h"
#include "snapshot/snapshot.h"

/// Walks the stacks of a captured process, on x64 and ARM64 by the unwind information in the
/// modules' images, on x86 by the rules of symbol files, which serve the others too where nobody
/// has the image; where that ends too early, by frame pointers and then by looking for return
/// addresses on the stack. Every frame says how it was found.
///
/// A walk never fails: it stops, and says why. It goes up the stack only, so it always ends, and it
/// takes no guess for a frame unless there is a call just before the address. Nothing here opens a
/// file; images come from an image::ImageSource. Functions keep no state: one walk runs on one
/// thread, since Memory and ImageSource serve one at a time.
namespace vigil::unwind {

/// How a frame was found, from certain to guessed.
enum class FrameTrust : std::uint8_t {
  Context,     ///< The registers of the thread: frame 0.
  UnwindInfo,  ///< By the unwind information of the function it called.
  Cfi,         ///< By what a symbol file says of that function.
  Leaf,  ///< The callee keeps nothing on the stack (or was never reached), so the return address
         ///< lies on top of it, or in the link register.
  FramePointer,  ///< By a saved frame pointer. A callee without one of its own is missed.
  Scan,          ///< An address on the stack that follows a call. It may be stale.
};

/// Why a walk ended.
enum class StopReason : std::uint8_t {
  EndOfStack,  ///< The thread's first function: nothing is missing.
  NoContext,   ///< No registers were captured, or not of a processor that is unwound here.
  NoMemory,    ///< The dump lacks the part of the stack that is needed.
  NoImage,  ///< Nobody has the image of the frame's module, and there was nothing to go by without.
  NoUnwindInfo,   ///< The function calls others and has no unwind information.
  BadUnwindInfo,  ///< The unwind information breaks its format, or is of a version not known here.
  NotInModule,    ///< The return address lies in no module's code.
  OutsideStack,   ///< The stack pointer left the stack.
  NoProgress,     ///< The caller's stack pointer would not lie above its callee's.
  FrameLimit,     ///< WalkRequest::max_frames.
  TimeLimit,      ///< WalkRequest::deadline.
};

/// `context`, `unwind_info`, …; `end_of_stack`, `no_memory`, …: the names of the report's JSON.
[[nodiscard]] std::string_view to_string(FrameTrust trust) noexcept;
[[nodiscard]] std::string_view to_string(StopReason reason) noexcept;

struct Frame {
  /// An address inside the instruction that the frame is at: of a caller, inside the call. What is
  /// looked up for module, function and line.
  std::uint64_t instruction = 0;
  /// Where the frame goes on: of a caller, the return address as it was on the stack.
  std::uint64_t resume = 0;
  FrameTrust trust = FrameTrust::Context;
  std::optional<std::size_t> module;  ///< Index in the module list.
  /// The registers in this frame: those a function must preserve are right as far as trust goes,
  /// the others are what they were in frame 0.
  snapshot::ThreadContext context;
};

struct Walk {
  std::vector<Frame> frames;  ///< Innermost first.
  StopReason stop = StopReason::NoContext;
};

/// Code that the process made at run time, and the unwind information that it registered for it: as
/// images that have nothing else. It keeps references to tables, which are sorted, and memory.
class GeneratedCode {
 public:
  GeneratedCode(const std::vector<snapshot::FunctionTable>& tables,
                snapshot::Memory& memory,
                image::Machine machine);
  ~GeneratedCode();
  GeneratedCode(const GeneratedCode&) = delete;
  GeneratedCode& operator=(const GeneratedCode&) = delete;

  struct Found {
    std::uint64_t base = 0;                 ///< What RVAs are relative to.
    const image::PeImage* image = nullptr;  ///< Never null; lives as long as this object.
  };
  /// The table whose code holds \p address.
  [[nodiscard]] std::optional<Found> find(std::uint64_t address);

 private:
  class Region;
  const std::vector<snapshot::FunctionTable>& tables_;
  snapshot::Memory& memory_;
  image::Machine machine_;
  std::map<const snapshot::FunctionTable*, std::unique_ptr<Region>> regions_;  // those in use
};

inline constexpr std::size_t kDefaultMaxFrames = 512;

/// What to walk. It owns nothing; \p module_map is made from \p modules, and \p images goes by its
/// indexes.
struct WalkRequest {
  const snapshot::ThreadContext& context;
  snapshot::Memory& memory;
  const std::vector<snapshot::Module>& modules;
  const snapshot::ModuleMap& module_map;
  image::ImageSource& images;
  /// Null: there are no symbol files.
  breakpad::FrameRuleSource* rules = nullptr;
  /// Null: code outside of modules has no unwind information.
  GeneratedCode* generated = nullptr;
  /// The captured stack, which the walk does not leave. Size 0, or a stack pointer outside of it:
  /// unknown.
  snapshot::AddressRange stack = {};
  /// Code keeps frame pointers as a rule, on x64 too: Linux and macOS, not Windows.
  bool frame_pointers = false;
  /// Take an address in a module whose bytes nobody has for a caller's where there is nothing
  /// better: small dumps of kernels have no images at all.
  bool guess_without_code = false;
  std::size_t max_frames = kDefaultMaxFrames;
  /// When to stop; null: never. It is asked for each frame and for each guess at one, since either
  /// may open another image; frame 0 is always there.
  Deadline* deadline = nullptr;
};

[[nodiscard]] Walk walk_stack(const WalkRequest& request);

}  // namespace vigil::unwind
