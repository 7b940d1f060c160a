// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "kerneldump/kernel.h"

namespace vigil::kerneldump {
namespace {

constexpr std::uint64_t kSystemPid = 4;
constexpr std::uint64_t kNameBytes = 15;

struct Row {
  snapshot::Cpu cpu;
  std::uint32_t first_build, last_build;
  bool proved;
  Layout layout;
};
constexpr Row kRows[] = {
#define VIGIL_KERNEL_LAYOUT(c, b0, b1, ok, p0, p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, t0, t1, \
                            t2)                                                                 \
  {snapshot::Cpu::c,                                                                            \
   b0,                                                                                          \
   b1,                                                                                          \
   ok,                                                                                          \
   {.process_bytes = p0,                                                                        \
    .pid = p1,                                                                                  \
    .links = p2,                                                                                \
    .create_time = p3,                                                                          \
    .parent = p4,                                                                               \
    .peb = p5,                                                                                  \
    .image = p6,                                                                                \
    .thread_list = p7,                                                                          \
    .active_threads = p8,                                                                       \
    .exit_status = p9,                                                                          \
    .exit_time = p10,                                                                           \
    .cid = t0,                                                                                  \
    .thread_links = t1,                                                                         \
    .start = t2}},
#include "kerneldump/kernel_layout.inc"
#undef VIGIL_KERNEL_LAYOUT
};

/// What KTHREAD and KPROCESS begin with has been the same on x64 from 9200 to 26100.
void set_stable_parts(Layout& layout, const Kernel& kernel) {
  if (kernel.header.cpu != snapshot::Cpu::Amd64) return;
  layout.stack_limit = 0x30;
  layout.stack_base = 0x38;
  layout.kernel_stack = 0x58;
  layout.priority = 0xc3;
  layout.teb = 0xf0;
  layout.context_switches = 0x154;
  layout.state = 0x184;
  layout.wait_ticks = 0x1b4;
  layout.process = 0x220;
  layout.wait_reason = 0x283;
  layout.directory_table = 0x28;
  layout.base_thread_list = 0x30;
  layout.base_thread_links = 0x2f8;
}

/// What the debugger data says of this very build stands above any table.
void set_by_debugger_data(Layout& layout, const DebuggerData& data) {
  const auto take = [](std::uint64_t& to, std::optional<std::uint64_t> from) {
    if (from) to = *from;
  };
  take(layout.teb, data.offset(0x29a));
  take(layout.kernel_stack, data.offset(0x29c));
  take(layout.state, data.offset(0x2a2));
  take(layout.process_bytes, data.offset(0x2a8));
  take(layout.peb, data.offset(0x2aa));
  take(layout.parent, data.offset(0x2ac));
  take(layout.directory_table, data.offset(0x2ae));
  take(layout.thread_bytes, data.offset(0x2c0));
  take(layout.stack_limit, data.offset32(0x340));
  take(layout.stack_base, data.offset32(0x344));
  take(layout.wait_reason, data.offset(0x35c));
  // ApcState.Process: of a thread that is attached it is not its own process, but the one it
  // works in; KTHREAD.Process is better where it is known.
  if (layout.process == 0) take(layout.process, data.offset(0x2a0));
}

/// The links of the first process, which is System: where PsActiveProcessHead points.
std::optional<std::uint64_t> first_links(Kernel& kernel) {
  const auto head = kernel.state.process_list;
  const auto links = head == 0 ? std::nullopt : kernel.pointer(head);
  return links && *links != head ? links : std::nullopt;
}

/// What memory says of offsets: nothing, where the dump does not have it.
enum class Verdict : std::uint8_t { Fit, Differ, NotThere };

/// Whether processes are as \p layout says: System where the list is, or else the current one.
Verdict check_processes(Kernel& kernel, const Layout& layout) {
  if (const auto links = first_links(kernel)) {
    const bool points_back =
        kernel.pointer(*links + kernel.pointer_bytes()) == kernel.state.process_list;
    const auto process = *links - layout.links;
    const auto pid = points_back ? kernel.pointer(process + layout.pid) : std::nullopt;
    if (pid) {
      const bool is_system =
          *pid == kSystemPid && kernel.ascii(process + layout.image, kNameBytes) == "System";
      return is_system ? Verdict::Fit : Verdict::Differ;
    }
  }
  const auto process = kernel.state.current_process;
  const auto pid = process == 0 ? std::nullopt : kernel.pointer(process + layout.pid);
  if (!pid) return Verdict::NotThere;
  const bool named = *pid == 0 || !kernel.ascii(process + layout.image, kNameBytes).empty();
  return named ? Verdict::Fit : Verdict::Differ;
}

/// The first thread of System by the list that KPROCESS has; 0: not there.
std::uint64_t first_thread(Kernel& kernel, const Layout& layout) {
  const auto links = first_links(kernel);
  if (!links || layout.base_thread_list == 0) return 0;
  const auto head = *links - layout.links + layout.base_thread_list;
  const auto first = kernel.pointer(head);
  const bool is_list =
      first && *first != head && kernel.pointer(*first + kernel.pointer_bytes()) == head;
  return is_list ? *first - layout.base_thread_links : 0;
}

/// Whether threads are as \p layout says: each names the process that it is of.
Verdict check_threads(Kernel& kernel, const Layout& layout) {
  if (layout.cid == 0) return Verdict::Differ;
  auto verdict = Verdict::NotThere;
  const auto compare = [&](std::uint64_t thread, std::optional<std::uint64_t> pid) {
    const auto own = thread == 0 ? std::nullopt : kernel.pointer(thread + layout.cid);
    if (!own || !pid) return;
    if (*own != *pid) {
      verdict = Verdict::Differ;
    } else if (verdict == Verdict::NotThere) {
      verdict = Verdict::Fit;
    }
  };
  const auto& state = kernel.state;
  if (state.current_process != 0)
    compare(state.current_thread, kernel.pointer(state.current_process + layout.pid));
  compare(first_thread(kernel, layout), kSystemPid);
  const auto links = first_links(kernel);
  if (!links || layout.thread_list == 0) return verdict;
  const auto head = *links - layout.links + layout.thread_list;
  const auto first = kernel.pointer(head);
  const auto back = first ? kernel.pointer(*first + kernel.pointer_bytes()) : std::nullopt;
  // A list whose first entry does not point back is damaged, or somewhere else: walking it shows.
  if (back == head && *first != head) compare(*first - layout.thread_links, kSystemPid);
  return verdict;
}

std::string builds_of(const Row& row) {
  return row.first_build == row.last_build
             ? fmt::format("build {}", row.first_build)
             : fmt::format("builds {} to {}", row.first_build, row.last_build);
}

std::uint64_t find_cid(Kernel& kernel);

/// Looks for the parts of ETHREAD whose places are not those of the table.
void discover_threads(Kernel& kernel) {
  auto& layout = kernel.layout;
  layout.start = 0;
  layout.thread_list = layout.base_thread_list;
  layout.thread_links = layout.base_thread_links;
  layout.cid = find_cid(kernel);
  kernel.state.offsets += ", of threads by discovery";
}

bool use_row(Kernel& kernel, const Row& row) {
  auto layout = row.layout;
  set_stable_parts(layout, kernel);
  set_by_debugger_data(layout, kernel.debugger);
  // EPROCESS::Session has stood behind Peb from 9600 to 26100.
  if (row.cpu == snapshot::Cpu::Amd64) layout.session = layout.peb + kernel.pointer_bytes();
  const auto processes = check_processes(kernel, layout);
  if (processes == Verdict::Differ) {
    kernel.notes.note(fmt::format("offsets: those of {} do not fit this kernel", builds_of(row)));
  }
  if (processes != Verdict::Fit) return false;
  kernel.layout = layout;
  kernel.state.offsets = fmt::format("table for {}{}", builds_of(row),
                                     row.proved ? "" : ", which no dump of it has borne out");
  if (check_threads(kernel, layout) != Verdict::Differ) return true;
  if (row.layout.cid != 0) {
    kernel.notes.note(
        fmt::format("offsets: those of threads of {} do not fit this kernel", builds_of(row)));
  }
  discover_threads(kernel);
  return true;
}

/// Whether \p row is of the kernel's build.
bool is_of(const Row& row, const Kernel& kernel) {
  return row.cpu == kernel.header.cpu && kernel.header.build >= row.first_build &&
         kernel.header.build <= row.last_build;
}

bool use_table(Kernel& kernel) {
  return std::ranges::any_of(
      kRows, [&](const Row& row) { return is_of(row, kernel) && use_row(kernel, row); });
}

/// Where in EPROCESS its links are: those of the list that lie just behind the current process.
std::uint64_t find_links(Kernel& kernel, std::uint64_t process) {
  constexpr std::uint64_t kMaxProcesses = 16'384, kMaxOffset = 0x800;
  const auto list = read_list(kernel, kernel.state.process_list, kMaxProcesses);
  std::uint64_t best = 0;
  for (const auto links : list.entries) {
    const auto offset = links - process;
    if (links > process && offset < kMaxOffset && (best == 0 || offset < best)) best = offset;
  }
  return best;
}

/// Where \p text and a NUL stand in \p bytes.
std::uint64_t find_text(ByteView bytes, std::string_view text) {
  const auto all = bytes.text();
  const auto at = all.find(std::string(text) + '\0');
  return at == std::string_view::npos ? 0 : at;
}

/// The pair of ids that every thread has: of its process, and its own. Looked for in a thread of
/// System; in the current one where that is not there, and not in an idle one, whose ids are 0.
std::uint64_t find_cid(Kernel& kernel) {
  constexpr std::uint64_t kFrom = 0x200, kMaxId = 1 << 24;
  const auto word = kernel.pointer_bytes();
  const auto size = kernel.layout.thread_bytes != 0 ? kernel.layout.thread_bytes : 0x900;
  auto thread = first_thread(kernel, kernel.layout);
  std::optional<std::uint64_t> pid = kSystemPid;
  if (thread == 0) {
    thread = kernel.state.current_thread;
    pid = kernel.pointer_field(kernel.state.current_process, kernel.layout.pid);
  }
  if (thread == 0 || !pid || *pid == 0) return 0;
  for (auto at = kFrom; at + 2 * word <= size; at += word) {
    const auto first = kernel.pointer(thread + at), second = kernel.pointer(thread + at + word);
    const bool fits = first == pid && second && *second != 0 && *second % 4 == 0 &&
                      *second < kMaxId && *second != pid;
    if (fits) return at;
  }
  return 0;
}

/// By symbols of this very build. What does not fit them is another build's memory, or damaged.
bool use_symbols(Kernel& kernel, const Layout& layout) {
  if (check_processes(kernel, layout) == Verdict::Differ) {
    kernel.notes.note(fmt::format("offsets: those of {} do not fit the processes of this dump",
                                  kernel.symbols->name()));
    return false;
  }
  kernel.layout = layout;
  kernel.state.offsets = fmt::format("symbols of {}", kernel.symbols->name());
  return true;
}

void discover(Kernel& kernel) {
  auto& layout = kernel.layout;
  layout = {};
  set_stable_parts(layout, kernel);
  set_by_debugger_data(layout, kernel.debugger);
  const auto process = kernel.state.current_process;
  const auto links = first_links(kernel);
  if (process == 0 || !links) return;
  layout.links = find_links(kernel, process);
  if (layout.links == 0) return;
  layout.pid = layout.links - kernel.pointer_bytes();
  const auto system = *links - layout.links;
  if (kernel.pointer(system + layout.pid) != kSystemPid) {
    layout.links = layout.pid = 0;
    return;
  }
  const auto size = layout.process_bytes != 0 ? layout.process_bytes : 0x800;
  layout.image = find_text(kernel.memory.at(system, size), "System");
  layout.cid = find_cid(kernel);
  layout.thread_list = layout.base_thread_list;
  layout.thread_links = layout.base_thread_links;
  kernel.state.offsets = "debugger data and discovery";
}

}  // namespace

void begin_layout(Kernel& kernel) {
  set_stable_parts(kernel.layout, kernel);
  set_by_debugger_data(kernel.layout, kernel.debugger);
  kernel.layout_by_symbols =
      kernel.symbols != nullptr && set_by_symbols(kernel.layout, *kernel.symbols);
}

void find_layout(Kernel& kernel) {
  if (kernel.layout_by_symbols && use_symbols(kernel, kernel.layout)) return;
  if (use_table(kernel)) return;
  discover(kernel);
  if (kernel.state.offsets.empty() && kernel.has_pages()) {
    const bool known =
        std::ranges::any_of(kRows, [&](const Row& row) { return is_of(row, kernel); });
    kernel.notes.note(
        known ? fmt::format("offsets: the kernel's structures of build {} are known, and the pages "
                            "that they lie in are not in this dump",
                            kernel.header.build)
              : fmt::format("offsets: the kernel's structures of build {} are not known, and "
                            "this dump has not what they are found by",
                            kernel.header.build));
  }
}

}  // namespace vigil::kerneldump
