// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/byte_source.h"
#include "base/diagnostics.h"
#include "base/result.h"
#include "snapshot/snapshot.h"

/// Reads dumps of a whole Windows machine, MEMORY.DMP and what lies in Minidump, into a snapshot:
/// its `kernel` part has the bugcheck, processors, processes, threads and counters; its modules are
/// the drivers, the kernel first; its threads are those that the processors were running, first the
/// one that stopped the machine, and behind them those of the current process that wait; its
/// exception is the fault, or the bugcheck's own registers.
///
/// Every type of DumpType is read, of 64 and 32 bits: full, kernel, automatic, active, triage by
/// either of its writers, a header alone, and what a debugger's `.dump` writes. Every byte is
/// hostile: counts have limits, lists need not end, and page tables may lead anywhere. Only a
/// header that cannot be read refuses the file; what else is missing stands in diagnostics(), and
/// the rest is there. Pages are looked up when they are asked for, so that a dump of any size costs
/// what was asked of it.
///
/// A KernelDump owns everything that it hands out. One thread at a time; many dumps on many.
namespace vigil::kerneldump {

/// What the symbols of a dump's very kernel say, where somebody has them. This module opens no
/// files, and knows no format of symbols: whoever has a symbol path hands them in.
class KernelSymbols {
 public:
  struct Field {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;  ///< Bytes; 0: not known.
  };

  KernelSymbols() = default;
  KernelSymbols(const KernelSymbols&) = delete;
  KernelSymbols& operator=(const KernelSymbols&) = delete;
  virtual ~KernelSymbols() = default;

  /// `ntkrnlmp.pdb`: what a report names as the source.
  [[nodiscard]] virtual std::string name() const = 0;
  /// Where the global \p name is, from the start of the kernel's image.
  [[nodiscard]] virtual std::optional<std::uint64_t> offset_of(std::string_view name) = 0;
  /// The member of the structure \p type at \p path, as `Vp.PagingFile[2]`.
  [[nodiscard]] virtual std::optional<Field> field(std::string_view type,
                                                   std::string_view path) = 0;
  [[nodiscard]] virtual std::optional<std::uint64_t> size_of(std::string_view type) = 0;
};

/// Finds the symbols of the kernel \p kernel, once its modules are known; null: nobody has them.
/// What was there and of no use goes to the diagnostics. It is called within parse() only.
using FindKernelSymbols = std::function<std::unique_ptr<KernelSymbols>(
    const snapshot::Module& kernel, snapshot::Memory& memory, Diagnostics& diagnostics)>;

class KernelDump {
 public:
  /// Errc::Malformed: no kernel dump, or one that was never written; Truncated: it ends within its
  /// header; Unsupported: it is encrypted, or of a processor that is not read. What \p symbols
  /// finds goes before the tables of this program; it may be empty.
  [[nodiscard]] static Result<std::unique_ptr<KernelDump>> parse(
      std::unique_ptr<ByteSource> file, const FindKernelSymbols& symbols = {});
  /// The same over bytes that the caller keeps alive: what tests and fuzzers use.
  [[nodiscard]] static Result<std::unique_ptr<KernelDump>> parse(
      ByteView bytes, const FindKernelSymbols& symbols = {});

  KernelDump(const KernelDump&) = delete;
  KernelDump& operator=(const KernelDump&) = delete;
  ~KernelDump();

  [[nodiscard]] const snapshot::Snapshot& snapshot() const noexcept;
  /// How long the dump is in bytes.
  [[nodiscard]] std::uint64_t size() const noexcept;
  /// The address space that was current: the kernel's, and of the process that was running.
  [[nodiscard]] snapshot::Memory& memory() noexcept;
  [[nodiscard]] const Diagnostics& diagnostics() const noexcept;

 private:
  struct State;
  explicit KernelDump(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Whether \p file begins as a kernel dump does. One whose pages were never written begins with
/// zeros, and is none.
[[nodiscard]] bool is_kernel_dump(ByteSource& file);
/// The same by the first 8 bytes.
[[nodiscard]] bool is_kernel_dump(std::string_view start) noexcept;

}  // namespace vigil::kerneldump
