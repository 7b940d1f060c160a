// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/diagnostics.h"
#include "kerneldump/fields.h"
#include "kerneldump/header.h"
#include "kerneldump/kerneldump.h"
#include "kerneldump/triage.h"
#include "snapshot/snapshot.h"

namespace vigil::kerneldump {

/// KDDEBUGGER_DATA64 (wdbgexts.h): where the kernel tells debuggers to look. Of 32 bits too.
class DebuggerData {
 public:
  static constexpr std::uint64_t kBytes = 0x3a0, kLeastBytes = 0x208;
  static constexpr std::uint64_t kTagAt = 0x10, kSizeAt = 0x14;
  static constexpr std::uint32_t kTag = 0x4742444b;  // KDBG

  DebuggerData() = default;
  /// \p bytes as they are, or nothing of them when they do not bear the tag.
  DebuggerData(Fields bytes, bool is_64bit);

  [[nodiscard]] bool empty() const noexcept { return fields_.empty(); }
  /// The base of the kernel's image.
  [[nodiscard]] std::uint64_t kernel_base() const { return address(0x18).value_or(0); }
  /// An address; none: not known to this build.
  [[nodiscard]] std::optional<std::uint64_t> address(std::uint64_t at) const;
  /// An offset in a structure of the kernel; none: not known to this build.
  [[nodiscard]] std::optional<std::uint64_t> offset(std::uint64_t at) const;
  [[nodiscard]] std::optional<std::uint64_t> offset32(std::uint64_t at) const;

 private:
  Fields fields_;
  bool is_64bit_ = true;
};

/// Offsets in EPROCESS, ETHREAD and what they begin with; 0: not known.
struct Layout {
  std::uint64_t process_bytes = 0, pid = 0, links = 0, create_time = 0, parent = 0, peb = 0,
                image = 0, thread_list = 0, active_threads = 0, exit_status = 0, exit_time = 0,
                session = 0, directory_table = 0;
  std::uint64_t base_thread_list = 0, base_thread_links = 0;  ///< Those of KPROCESS and KTHREAD.
  std::uint64_t thread_bytes = 0, cid = 0, thread_links = 0, start = 0;
  std::uint64_t stack_limit = 0, stack_base = 0, kernel_stack = 0, process = 0, priority = 0,
                teb = 0, context_switches = 0, state = 0, wait_ticks = 0, wait_reason = 0;
};

/// What all readers of the kernel's structures share. It owns nothing.
struct Kernel {
  const Header& header;
  snapshot::Memory& memory;
  Diagnostics& notes;
  const Triage* triage = nullptr;  ///< Null: the dump holds pages.
  snapshot::Snapshot& out;
  snapshot::KernelState& state;
  DebuggerData debugger{};
  KernelSymbols* symbols = nullptr;  ///< Null: nobody has them.
  Layout layout{};
  bool layout_by_symbols = false;  ///< Which are exact.
  /// Of all lists together: each process may lead to the same endless ring of threads.
  std::uint64_t list_entries_left = 131'072;

  /// Whether the dump holds the machine's pages, and not a few structures or nothing of it.
  [[nodiscard]] bool has_pages() const noexcept {
    return triage == nullptr && header.type != DumpType::HeaderOnly;
  }
  [[nodiscard]] std::uint64_t pointer_bytes() const noexcept { return header.is_64bit ? 8 : 4; }
  /// \p wide of 64 bits, \p narrow of 32.
  [[nodiscard]] std::uint64_t pick(std::uint64_t wide, std::uint64_t narrow) const noexcept {
    return header.is_64bit ? wide : narrow;
  }
  [[nodiscard]] bool is_kernel_address(std::uint64_t address) const noexcept {
    return header.is_64bit ? address >> 47 == 0x1ffff : address >= 0x80000000 && address >> 32 == 0;
  }
  [[nodiscard]] std::optional<std::uint64_t> pointer(std::uint64_t address);
  /// Where the global \p name is, by the symbols.
  [[nodiscard]] std::optional<std::uint64_t> global(std::string_view name);
  /// Where the global is that the debugger data has at \p at, or else the symbols by \p name.
  [[nodiscard]] std::optional<std::uint64_t> global(std::uint64_t at, std::string_view name);
  template <Raw T>
  [[nodiscard]] std::optional<T> read(std::uint64_t address) {
    return memory.read<T>(address);
  }
  /// A field of a structure; none where its offset is not known or its bytes are not there.
  template <Raw T>
  [[nodiscard]] std::optional<T> field(std::uint64_t base, std::uint64_t offset) {
    return offset == 0 ? std::nullopt : memory.read<T>(base + offset);
  }
  [[nodiscard]] std::optional<std::uint64_t> pointer_field(std::uint64_t base,
                                                           std::uint64_t offset) {
    return offset == 0 ? std::nullopt : pointer(base + offset);
  }
  /// The text of the UNICODE_STRING at \p address, on one line; empty where it is not there.
  [[nodiscard]] std::string unicode_string(std::uint64_t address);
  /// At most \p limit characters up to a NUL, if all are printable ASCII.
  [[nodiscard]] std::string ascii(std::uint64_t address, std::uint64_t limit);
};

/// The addresses of a LIST_ENTRY's members; \p complete: the way round was there.
struct List {
  std::vector<std::uint64_t> entries;
  bool complete = false;
};
/// The entries behind the head at \p head, at most \p limit. Where the way forward breaks, those
/// that are reached backwards follow: pages are missing one by one.
[[nodiscard]] List read_list(Kernel& kernel, std::uint64_t head, std::uint64_t limit);

// The readers, each in a file of its own, in the order in which they build on each other.
void read_debugger_data(Kernel& kernel);
void read_modules(Kernel& kernel);
/// Where the debugger data is not where the header says: looks for it in the kernel's image.
void search_debugger_data(Kernel& kernel);
void read_unloaded(Kernel& kernel);
void read_system(Kernel& kernel);
/// What of Kernel::layout is known without having looked at a process.
void begin_layout(Kernel& kernel);
void read_processors(Kernel& kernel);
void find_layout(Kernel& kernel);
void read_processes(Kernel& kernel);
/// What the processors were running, into the snapshot's threads; first the one that stopped it.
void read_current_threads(Kernel& kernel);
void read_counters(Kernel& kernel);
/// Leaves out and notes the figures that cannot be, held against each other.
void doubt_counters(Kernel& kernel);
/// The same of one that is \p why: `0xffff pages`.
void doubt_counter(Kernel& kernel, snapshot::KernelCounter& counter, std::string_view why);
void read_environment(Kernel& kernel);
void read_fault(Kernel& kernel);
void read_request(Kernel& kernel);

/// Puts into \p layout what the symbols say of it; false: they have no types, and it is as it was.
[[nodiscard]] bool set_by_symbols(Layout& layout, KernelSymbols& symbols);

/// The thread at \p address.
[[nodiscard]] snapshot::KernelThread read_thread(Kernel& kernel, std::uint64_t address);
/// The process at \p address.
[[nodiscard]] snapshot::KernelProcess read_process(Kernel& kernel, std::uint64_t address);

/// \p text as names stand in reports: printable, and on one line.
[[nodiscard]] std::string one_line(std::string_view text);

/// A CONTEXT of the dump's processor; monostate where it is cut off or of none that is read.
[[nodiscard]] snapshot::ThreadContext parse_context(const Header& header, const Fields& bytes);
inline constexpr std::uint64_t kContextBytes = 0x4d0;  ///< Of x64; the others are shorter.

}  // namespace vigil::kerneldump
