// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "unwind/unwind.h"

namespace vigil::unwind {

/// Whether an address may be one that a call returns to.
enum class CallEvidence : std::uint8_t {
  Yes,      ///< It follows a call in code.
  No,       ///< It does not, or is not in code.
  Unknown,  ///< It is in a module whose bytes nobody has.
};

/// The captured process as the unwinders of all processors see it. It keeps the request, and owns
/// none of it.
class Target {
 public:
  Target(const WalkRequest& request, image::Machine machine);

  struct Place {
    std::optional<std::size_t> module;  ///< None: code that was made at run time.
    std::uint64_t base = 0;
    std::uint64_t rva = 0;
    const image::PeImage* image = nullptr;  ///< Null: nobody has it.
  };
  using OptionalPlace = std::optional<Place>;
  /// The module that holds \p address, or the table of generated code.
  [[nodiscard]] OptionalPlace find(std::uint64_t address) const;

  /// Whether the walk has to end.
  [[nodiscard]] bool is_late() const;

  /// A value of the stack; nullopt when the dump does not have it.
  [[nodiscard]] std::optional<std::uint64_t> read_word(std::uint64_t address,
                                                       std::uint64_t size) const;
  [[nodiscard]] std::optional<std::uint64_t> read64(std::uint64_t address) const {
    return read_word(address, sizeof(std::uint64_t));
  }

  /// Whether a stack pointer may be \p address: within the captured stack or just behind its end.
  [[nodiscard]] bool in_stack(std::uint64_t address) const noexcept;

  /// All \p size bytes of code at \p address, or none: from the module's image, or from the dump.
  [[nodiscard]] ByteView code(std::uint64_t address, std::uint64_t size) const;

  [[nodiscard]] CallEvidence follows_call(std::uint64_t address) const;

  /// Whether the function that \p address returns to may make calls: x64 code that does has unwind
  /// information.
  [[nodiscard]] bool may_call(std::uint64_t address) const;

  /// Whether \p place is in the function that each thread starts in, below which there is nothing.
  [[nodiscard]] static bool is_thread_start(const Place& place);

 private:
  const WalkRequest* request_;
  image::Machine machine_;
  std::optional<snapshot::AddressRange> stack_;
  std::uint64_t stack_start_ = 0;  // the stack pointer of frame 0
  ByteView stack_bytes_;           // from there
};

}  // namespace vigil::unwind
