// SPDX-License-Identifier: Apache-2.0
#include "kerneldump/kerneldump.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/words.h"
#include "kerneldump/header.h"
#include "kerneldump/kernel.h"
#include "kerneldump/paged_memory.h"
#include "kerneldump/physical.h"
#include "kerneldump/sparse_memory.h"
#include "kerneldump/triage.h"

namespace vigil::kerneldump {
namespace {

using namespace std::string_view_literals;

/// A dump of nothing but its header.
class NoMemory final : public snapshot::Memory {
 public:
  [[nodiscard]] ByteView at(std::uint64_t /*address*/, std::uint64_t /*size*/) override {
    return {};
  }
};

/// Whether the kernel's addresses make sense by these page tables: a list's head points to an entry
/// that points back.
bool makes_sense(snapshot::Memory& memory, const Header& header) {
  const std::uint64_t word = header.is_64bit ? 8 : 4;
  const auto pointer = [&](std::uint64_t address) -> std::uint64_t {
    if (header.is_64bit) return memory.read<std::uint64_t>(address).value_or(0);
    return memory.read<std::uint32_t>(address).value_or(0);
  };
  for (const auto head : {header.module_list, header.process_list}) {
    const auto first = head == 0 ? 0 : pointer(head);
    if (first != 0 && pointer(first + word) == head) return true;
  }
  constexpr std::uint64_t kTagAt = DebuggerData::kTagAt;
  return header.debugger_data != 0 &&
         memory.read<std::uint32_t>(header.debugger_data + kTagAt) == DebuggerData::kTag;
}

std::vector<Paging> candidates(const Header& header) {
  switch (header.cpu) {
    case snapshot::Cpu::Amd64: return {Paging::Amd64FourLevels, Paging::Amd64FiveLevels};
    case snapshot::Cpu::X86:
      return header.pae ? std::vector{Paging::X86Pae, Paging::X86}
                        : std::vector{Paging::X86, Paging::X86Pae};
    case snapshot::Cpu::Arm64: return {Paging::Arm64};
    case snapshot::Cpu::Arm:
    case snapshot::Cpu::Unknown: break;
  }
  return {};
}

}  // namespace

struct KernelDump::State {
  Diagnostics diagnostics;
  std::unique_ptr<ByteSource> file;
  Header header;
  snapshot::Snapshot snapshot;
  std::unique_ptr<PhysicalPages> pages;
  std::optional<Triage> triage;
  std::unique_ptr<snapshot::Memory> memory;

  Status read(const FindKernelSymbols& find_symbols);
  void describe();
  void open_triage();
  void bind_copies(SparseMemory& sparse);
  void open_paged();
  void note_missing();
  void note_blank_pages();
  void read_kernel(const FindKernelSymbols& find_symbols);
};

void KernelDump::State::describe() {
  auto& kernel = snapshot.kernel.emplace();
  snapshot.format = "kernel dump";
  snapshot.comment = header.comment;
  snapshot.written = header.crash_time.value_or(Timestamp{});
  kernel.bugcheck = header.bugcheck;
  kernel.dump_type = to_string(header.type);
  // What the settings of Windows call an active memory dump.
  if (header.type == DumpType::BitmapFull && header.has(Attribute::Filtered))
    kernel.dump_type = fmt::format("active ({})", kernel.dump_type);
  if (header.type == DumpType::Unknown && header.raw_type)
    kernel.dump_type += fmt::format(" ({})", *header.raw_type);
  if (header.attributes) kernel.attributes = attribute_names(*header.attributes);
  constexpr std::uint32_t kLiveSystemDump = 0x161;
  kernel.live = header.has(Attribute::Live) || header.bugcheck.base_code() == kLiveSystemDump;
  kernel.by_debugger = !kernel.live && header.type >= DumpType::DebuggerKernel;
  kernel.checked_build = header.checked_build;
  kernel.uptime = header.uptime;
  if (header.crash_time && header.uptime) kernel.boot_time = *header.crash_time - *header.uptime;
  kernel.directory_table = header.directory_table;
  kernel.module_list = header.module_list;
  kernel.process_list = header.process_list;
  kernel.debugger_data = header.debugger_data;
}

/// The copies of a triage dump's structures stand for the memory that they were taken from.
void KernelDump::State::bind_copies(SparseMemory& sparse) {
  const auto word = [this](const Fields& fields, std::uint64_t at) -> std::uint64_t {
    return header.is_64bit ? fields.u64(at).value_or(0) : std::uint64_t{fields.u32(at).value_or(0)};
  };
  Kernel probe{header, sparse, diagnostics, &*triage, snapshot, *snapshot.kernel};
  probe.debugger = DebuggerData(triage->debugger_data, header.is_64bit);
  begin_layout(probe);
  const auto thread_at = probe.debugger.offset(0x2b4).value_or(header.is_64bit ? 8 : 4);
  const auto thread = word(triage->prcb, thread_at);
  const auto offset_in = [this](std::uint64_t at) {
    return std::uint64_t{Fields(file->clamp(header.size() + at, 4)).u32(0).value_or(0)};
  };
  constexpr std::uint64_t kProcessAt = 0x20, kThreadAt = 0x24;
  if (probe.is_kernel_address(thread) && !triage->thread.empty()) {
    const auto size = probe.layout.thread_bytes == 0
                          ? triage->thread.size()
                          : std::min(probe.layout.thread_bytes, triage->thread.size());
    sparse.add(thread, offset_in(kThreadAt), size);
  }
  const auto process = word(triage->thread, probe.layout.process);
  if (probe.layout.process != 0 && probe.is_kernel_address(process) && !triage->process.empty()) {
    const auto size = probe.layout.process_bytes == 0
                          ? triage->process.size()
                          : std::min(probe.layout.process_bytes, triage->process.size());
    sparse.add(process, offset_in(kProcessAt), size);
  }
}

void KernelDump::State::open_triage() {
  auto sparse = std::make_unique<SparseMemory>(*file);
  auto read = read_triage(*file, header, *sparse, diagnostics);
  if (read.ok()) {
    triage = std::move(read).take();
    snapshot.kernel->writer = triage->kernel_writer ? "kernel" : "classic";
    snapshot.kernel->broken_driver = triage->broken_driver;
    bind_copies(*sparse);
  } else {
    diagnostics.note(read.error().message());
  }
  sparse->settle();
  snapshot.captured_bytes = sparse->captured_bytes();
  memory = std::move(sparse);
}

void KernelDump::State::open_paged() {
  auto opened = open_pages(*file, header, diagnostics);
  if (!opened.ok()) {
    diagnostics.note(opened.error().message());
    memory = std::make_unique<NoMemory>();
    return;
  }
  pages = std::move(opened).take();
  snapshot.kernel->present_pages = pages->count();
  snapshot.captured_bytes = pages->count() * kPageBytes;
  std::unique_ptr<PagedMemory> first;
  for (const auto paging : candidates(header)) {
    auto paged = std::make_unique<PagedMemory>(*file, *pages, paging, header.directory_table);
    const bool fits = makes_sense(*paged, header);
    if (!first || fits) first = std::move(paged);
    if (!fits) continue;
    snapshot.kernel->translation = to_string(paging);
    break;
  }
  if (snapshot.kernel->translation.empty()) {
    diagnostics.note(fmt::format(
        "page tables at {:#x}: no address of the kernel can be found by them: they are not in this "
        "dump, or damaged",
        header.directory_table));
  }
  if (!first) {
    memory = std::make_unique<NoMemory>();
    return;
  }
  memory = std::move(first);
}

/// What the file should hold by what it says itself, and does not.
void KernelDump::State::note_missing() {
  auto& missing = snapshot.kernel->missing_bytes;
  const auto wanted = pages ? pages->end() : 0;
  if (wanted > file->size()) {
    missing = wanted - file->size();
    diagnostics.note(fmt::format("file: the last {} of its pages {} missing: it is cut off",
                                 counted(missing, "byte"), missing == 1 ? "is" : "are"));
    snapshot.captured_bytes -= std::min(snapshot.captured_bytes, missing);
  }
  if (header.has(Attribute::InsufficientSpace)) {
    diagnostics.note("header: there was too little space for the whole dump when it was written");
  }
  // The older writer counts what it never wrote.
  if (triage && header.has(Attribute::KernelTriage) &&
      header.required_space.value_or(0) > file->size()) {
    missing = *header.required_space - file->size();
    diagnostics.note(fmt::format("file: the last {} {} missing: it is cut off",
                                 counted(missing, "byte"), missing == 1 ? "is" : "are"));
  }
  note_blank_pages();
}

/// What was never written is zeros.
void KernelDump::State::note_blank_pages() {
  constexpr std::uint64_t kLookedBytes = 64 * kPageBytes;
  const auto is_blank = [this](std::uint64_t first, std::uint64_t size) {
    const auto bytes = file->clamp(first, size).bytes();
    return !bytes.empty() &&
           std::ranges::all_of(bytes, [](std::byte b) { return b == std::byte{}; });
  };
  if (!snapshot.kernel->translation.empty()) return;
  if (!pages) {
    // What says where everything lies; a full dump begins with whatever the first page held.
    const bool may_be_blank = header.type == DumpType::Full || header.type == DumpType::Unknown;
    if (!may_be_blank && is_blank(header.size(), kPageBytes))
      diagnostics.note("file: behind its header are zeros: they were never written, or were lost");
    return;
  }
  const auto last = std::min(file->size(), pages->end());
  if (last < header.size() + kLookedBytes) return;
  if (is_blank(last - kLookedBytes, kLookedBytes))
    diagnostics.note("file: its pages are zeros: they were never written, or were lost");
}

void KernelDump::State::read_kernel(const FindKernelSymbols& find_symbols) {
  Kernel kernel{header,   *memory,         diagnostics, triage ? &*triage : nullptr,
                snapshot, *snapshot.kernel};
  read_debugger_data(kernel);
  auto& state = *snapshot.kernel;
  if (state.module_list == 0) state.module_list = kernel.debugger.address(0x48).value_or(0);
  read_modules(kernel);
  search_debugger_data(kernel);
  std::unique_ptr<KernelSymbols> symbols;
  if (find_symbols && state.kernel_base != 0)
    symbols = find_symbols(snapshot.modules.front(), *memory, diagnostics);
  kernel.symbols = symbols.get();
  constexpr std::uint64_t kProcessListAt = 0x50;
  if (state.process_list == 0)
    state.process_list = kernel.global(kProcessListAt, "PsActiveProcessHead").value_or(0);
  read_unloaded(kernel);
  begin_layout(kernel);
  read_processors(kernel);
  read_system(kernel);
  find_layout(kernel);
  read_processes(kernel);
  read_current_threads(kernel);
  read_counters(kernel);
  doubt_counters(kernel);
  read_environment(kernel);
  read_fault(kernel);
  read_request(kernel);
  for (const auto& process : state.processes) {
    if (process.address != state.current_process) continue;
    if (process.pid) snapshot.process.pid = ProcessId{*process.pid};
    snapshot.process.create_time = process.create_time;
  }
}

Status KernelDump::State::read(const FindKernelSymbols& find_symbols) {
  VIGIL_TRY_ASSIGN(header, read_header(*file, diagnostics));
  if (header.cpu == snapshot::Cpu::Unknown) {
    return Error{Errc::Unsupported, fmt::format("file is a kernel dump of a processor that is not "
                                                "read: machine type {:#x}",
                                                header.raw_machine)};
  }
  describe();
  constexpr std::uint64_t kSparseFileBytes = std::uint64_t{16} << 20;
  if (file->size() >= kSparseFileBytes) file->expect_sparse_reads();
  if (header.type == DumpType::Triage) {
    open_triage();
  } else {
    open_paged();
  }
  note_missing();
  read_kernel(find_symbols);
  return {};
}

KernelDump::KernelDump(std::unique_ptr<State> state) : state_(std::move(state)) {}
KernelDump::~KernelDump() = default;

Result<std::unique_ptr<KernelDump>> KernelDump::parse(std::unique_ptr<ByteSource> file,
                                                      const FindKernelSymbols& symbols) {
  auto state = std::make_unique<State>();
  state->file = std::move(file);
  VIGIL_TRY(state->read(symbols));
  return std::unique_ptr<KernelDump>(new KernelDump(std::move(state)));
}

Result<std::unique_ptr<KernelDump>> KernelDump::parse(ByteView bytes,
                                                      const FindKernelSymbols& symbols) {
  return parse(std::make_unique<MemorySource>(bytes), symbols);
}

const snapshot::Snapshot& KernelDump::snapshot() const noexcept {
  return state_->snapshot;
}
std::uint64_t KernelDump::size() const noexcept {
  return state_->file->size();
}
snapshot::Memory& KernelDump::memory() noexcept {
  return *state_->memory;
}
const Diagnostics& KernelDump::diagnostics() const noexcept {
  return state_->diagnostics;
}

bool is_kernel_dump(ByteSource& file) {
  constexpr std::uint64_t kStartBytes = 8;
  return is_kernel_dump(file.clamp(0, kStartBytes).text());
}

bool is_kernel_dump(std::string_view start) noexcept {
  return start == "PAGEDU64"sv || start == "PAGEDUMP"sv;
}

}  // namespace vigil::kerneldump
