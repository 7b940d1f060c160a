// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "support/byte_builder.h"
#include "support/kernel_machine_memory.h"

/// PE images of a made machine: functions with unwind information, exports, a version, a debug
/// record, and data that others fill.
namespace vigil::test {

/// How a function begins, and so what its frame holds.
enum class Prolog : std::uint8_t {
  Normal,          ///< Pushes, then an allocation.
  Leaf,            ///< Nothing, and no unwind information.
  TrapWithCode,    ///< Of KiPageFault: the processor pushed a machine frame and an error code.
  TrapNoCode,      ///< Of KiSystemCall64 and KiBreakpointTrap: a machine frame; room for the code.
  ExceptionFrame,  ///< Of KiBugCheckDispatch and KiSwapContext: a KEXCEPTION_FRAME.
};

inline constexpr std::uint32_t kTrapAllocation = 0x158, kExceptionAllocation = 0x138;
/// Where nonvolatile registers are in a KEXCEPTION_FRAME: {register, offset}.
inline constexpr std::array<std::array<std::uint8_t, 2>, 7> kExceptionSaves{
    {{3, 0x20}, {7, 0x21}, {6, 0x22}, {12, 0x23}, {13, 0x24}, {14, 0x25}, {15, 0x26}}};

struct KernelFunction {
  std::string name{};
  Prolog prolog = Prolog::Normal;
  std::vector<std::uint8_t> pushes{};  ///< Register numbers, in the order of pushing.
  std::uint32_t allocation = 0x28;     ///< Entry is at 8 modulo 16, the body at 0.
  std::string fault_code{};            ///< The instruction at kFaultOffset.
  bool exported = false;
  // set by the image
  std::string module{};
  std::uint64_t address = 0;

  static constexpr std::uint32_t kSize = 0x90;
  static constexpr std::uint32_t kResumeOffset = 0x58;  ///< After the call that it is in.
  static constexpr std::uint32_t kFaultOffset = 0x60;
};

struct ImageIdentity {
  std::string name{}, path{};
  std::uint32_t timestamp = 0;
  std::string version{}, company{}, pdb{};  ///< An empty version: no version resource.
  bool executable = false;
};

class ImageBuilder {
 public:
  ImageBuilder(ImageIdentity identity, std::uint64_t base, std::uint32_t data_size = 0x1000);

  ImageBuilder& function(KernelFunction function);
  /// Instructions of its own, without a frame.
  ImageBuilder& leaf(std::string name, std::string code);
  /// Room for a variable; returns its address.
  std::uint64_t data(std::size_t size, std::string exported_as = {}, std::size_t alignment = 8);

  [[nodiscard]] const KernelFunction& at(std::string_view name) const;
  [[nodiscard]] std::uint64_t base() const { return base_; }
  [[nodiscard]] std::uint32_t size() const { return kDataRva + data_size_; }
  /// Writes all but the data; the pages are mapped already.
  void write(AddressSpace& space) const;
  [[nodiscard]] ModuleTruth truth() const;
  [[nodiscard]] std::uint32_t checksum() const { return 0x10000 + identity_.timestamp % 0xffff; }

 private:
  static constexpr std::uint32_t kTextRva = 0x1000, kReadOnlyRva = 0x6000, kPdataRva = 0x8000;
  static constexpr std::uint32_t kResourceRva = 0x9000, kDataRva = 0xa000;
  static constexpr std::uint32_t kSlot = 0x100, kXdataRva = 0x7000;
  [[nodiscard]] std::string headers(std::uint32_t exports_size) const;
  [[nodiscard]] std::string code() const;
  [[nodiscard]] std::string exports() const;
  [[nodiscard]] std::string debug_record() const;
  [[nodiscard]] std::string resources() const;
  [[nodiscard]] std::string pdata(std::string& xdata) const;

  ImageIdentity identity_;
  std::uint64_t base_;
  std::uint32_t data_size_;
  std::uint32_t data_used_ = 0;
  std::vector<KernelFunction> functions_;
  std::map<std::string, std::string, std::less<>> leaves_;
  std::map<std::string, std::uint64_t, std::less<>> exported_data_;
};

}  // namespace vigil::test
