// SPDX-License-Identifier: Apache-2.0
#include "support/kernel_machine_builder.h"

/// The user half of the current process: images, PEB, loader lists, parameters, TEB, stack; and
/// pages that are mapped in every way there is.
namespace vigil::test {
namespace {

using namespace std::string_literals;

constexpr const char* kCommandLine =
    "\"C:\\Program Files\\Contoso\\contoso-agent.exe\" --service --port 8443";
constexpr const char* kSecret = "c0nt0s0-key-4711-do-not-show";

/// Hands out room in the heap of the process.
class UserHeap {
 public:
  explicit UserHeap(AddressSpace& space) : space_(&space) {
    space.allocate(place::kHeap, 3 * kPageBytes, true);
  }
  std::uint64_t take(std::uint64_t size) {
    const auto address = place::kHeap + used_;
    used_ = (used_ + size + 15) & ~std::uint64_t{15};
    return address;
  }
  /// A UNICODE_STRING at \p address.
  void string(std::uint64_t address, std::string_view text) {
    const auto units = wide(text);
    const auto buffer = take(units.size() + 2);
    space_->write(buffer, units);
    space_->write_u16(address, units.size());
    space_->write_u16(address + 2, units.size() + 2);
    space_->write_u64(address + 8, buffer);
  }

 private:
  AddressSpace* space_;
  std::uint64_t used_ = 0x740;  // of the heap itself
};

std::string environment() {
  return wide("ALLUSERSPROFILE=C:\\ProgramData") + "\0\0"s + wide("CONTOSO_API_KEY="s + kSecret) +
         "\0\0"s + wide("PATH=C:\\Windows\\System32") + "\0\0\0\0"s;
}

std::uint64_t write_parameters(MachineParts& parts, AddressSpace& space, UserHeap& heap) {
  auto& peb = parts.truth.peb;
  const auto at = heap.take(0x440);
  const auto block = environment();
  peb.environment = heap.take(block.size());
  space.write(peb.environment, block);
  peb.secret = kSecret;
  peb.current_directory = "C:\\Program Files\\Contoso\\";
  peb.image_path = parts.application.truth().path;
  peb.command_line = kCommandLine;
  peb.window_title = peb.image_path;
  peb.desktop = "Winsta0\\Default";
  peb.dll_path = "C:\\Program Files\\Contoso;C:\\Windows\\System32";
  space.write_u32(at, 0x440);
  space.write_u32(at + 4, 0x440);
  space.write_u32(at + 8, 1);  // normalized: pointers are addresses
  heap.string(at + 0x38, peb.current_directory);
  heap.string(at + 0x50, peb.dll_path);
  heap.string(at + 0x60, peb.image_path);
  heap.string(at + 0x70, peb.command_line);
  space.write_u64(at + 0x80, peb.environment);
  heap.string(at + 0xb0, peb.window_title);
  heap.string(at + 0xc0, peb.desktop);
  space.write_u64(at + 0x3f0, block.size());
  return at;
}

void link_user(AddressSpace& space, std::uint64_t head, const std::vector<std::uint64_t>& entries) {
  auto previous = head;
  for (const auto entry : entries) {
    space.write_u64(previous, entry);
    space.write_u64(entry + 8, previous);
    previous = entry;
  }
  space.write_u64(previous, head);
  space.write_u64(head + 8, previous);
}

std::uint64_t write_loader(MachineParts& parts, AddressSpace& space, UserHeap& heap) {
  const auto ldr = heap.take(0x58);
  space.write_u32(ldr, 0x58);
  space.write_u8(ldr + 4, 1);
  std::vector<std::uint64_t> load, memory, initialization;
  for (const auto* image : {&parts.application, &parts.ntdll, &parts.kernel32}) {
    const auto module = image->truth();
    const auto at = heap.take(0x120);
    load.push_back(at);
    memory.push_back(at + 0x10);
    if (image != &parts.application) initialization.push_back(at + 0x20);
    space.write_u64(at + 0x30, module.base);
    space.write_u64(at + 0x38, module.entry_point);
    space.write_u32(at + 0x40, module.size);
    heap.string(at + 0x48, module.path);
    heap.string(at + 0x58, module.name);
    space.write_u32(at + 0x68, 0xa2c4);
    space.write_u16(at + 0x6c, 0xffff);
    space.write_u32(at + 0x80, module.timestamp);
    parts.truth.peb.modules.push_back(
        {module.name, module.path, module.base, module.size, module.timestamp});
  }
  link_user(space, ldr + 0x10, load);
  link_user(space, ldr + 0x20, memory);
  link_user(space, ldr + 0x30, initialization);
  auto& peb = parts.truth.peb;
  peb.loader_initialized = true;
  peb.load_first = load.front();
  peb.load_last = load.back();
  peb.initialization_first = initialization.front();
  peb.initialization_last = initialization.back();
  return ldr;
}

void write_peb(MachineParts& parts, AddressSpace& space, UserHeap& heap) {
  auto& peb = parts.truth.peb;
  peb.address = place::kPeb;
  peb.image_base = place::kApplication;
  peb.process_heap = place::kHeap;
  peb.session = 1;
  peb.nt_global_flag = 0x70;
  peb.read_image_options = true;
  peb.subsystem_data = place::kHeap + 0x700;
  peb.os_build = static_cast<std::uint16_t>(parts.options.build);
  peb.process_parameters = write_parameters(parts, space, heap);
  peb.ldr = write_loader(parts, space, heap);
  const auto at = peb.address;
  space.write_u8(at + 1, 1);
  space.write_u64(at + 0x10, peb.image_base);
  space.write_u64(at + 0x18, peb.ldr);
  space.write_u64(at + 0x20, peb.process_parameters);
  space.write_u64(at + 0x28, peb.subsystem_data);
  space.write_u64(at + 0x30, peb.process_heap);
  space.write_u32(at + 0xb8, parts.options.processors);
  space.write_u32(at + 0xbc, peb.nt_global_flag);
  space.write_u32(at + 0xe8, 1);
  space.write_u32(at + 0x118, parts.options.build == 9600 ? 6 : 10);
  space.write_u32(at + 0x11c, parts.options.build == 9600 ? 3 : 0);
  space.write_u16(at + 0x120, peb.os_build);
  space.write_u32(at + 0x124, 2);
  space.write_u32(at + 0x2c0, peb.session);
}

void write_teb(MachineParts& parts, AddressSpace& space) {
  parts.truth.teb = {.address = place::kTeb,
                     .stack_base = place::kUserStack,
                     .stack_limit = place::kUserStack - 2 * kPageBytes,
                     .peb = place::kPeb,
                     .thread_local_storage = place::kHeap + 0x100,
                     .pid = 4244,
                     .tid = 4248,
                     .last_error = 0x3e5,
                     .last_status = 0xc000'0034,
                     .owned_locks = 1,
                     .hard_error_mode = 2,
                     .exception_list = ~std::uint64_t{0},
                     .subsystem_tib = 0x17'1717,
                     .fiber_data = 0x1e00,
                     .user_pointer = 0x5a5a,
                     .environment_pointer = 0x6b6b,
                     .rpc_handle = 0x7c7c};
  const auto& teb = parts.truth.teb;
  const auto at = teb.address;
  space.write_u64(at, teb.exception_list);
  space.write_u64(at + 0x08, teb.stack_base);
  space.write_u64(at + 0x10, teb.stack_limit);
  space.write_u64(at + 0x18, teb.subsystem_tib);
  space.write_u64(at + 0x20, teb.fiber_data);
  space.write_u64(at + 0x28, teb.user_pointer);
  space.write_u64(at + 0x30, at);
  space.write_u64(at + 0x38, teb.environment_pointer);
  space.write_u64(at + 0x50, teb.rpc_handle);
  space.write_u64(at + 0x40, teb.pid);
  space.write_u64(at + 0x48, teb.tid);
  space.write_u64(at + 0x58, teb.thread_local_storage);
  space.write_u64(at + 0x60, teb.peb);
  space.write_u32(at + 0x68, teb.last_error);
  space.write_u32(at + 0x6c, teb.owned_locks);
  space.write_u32(at + 0x1250, teb.last_status);
  space.write_u32(at + 0x16b0, teb.hard_error_mode);
  space.write_u64(at + 0x1478, teb.stack_base - 0x10'0000);
}

/// The entry of a page that has left the working set and is still in memory.
std::uint64_t transition_entry(const MachineParts& parts, std::uint64_t pfn) {
  const auto entry = pfn * kPageBytes | pte::kTransition | 0x80;
  if (parts.options.swizzled_ptes) return entry ^ (std::uint64_t{1} << pte::kHighBitIndex);
  return parts.options.build == 9600 ? entry : entry | pte::kSwizzle;
}

}  // namespace

void add_user_half(MachineParts& parts, AddressSpace& space) {
  for (const auto* image : {&parts.application, &parts.kernel32, &parts.ntdll}) {
    space.allocate(image->base(), image->size(), true);
    image->write(space);
  }
  space.allocate(place::kUserStack - 2 * kPageBytes, 2 * kPageBytes, true);
  space.allocate(place::kPeb, 3 * kPageBytes, true);  // and the TEB
  UserHeap heap(space);
  write_peb(parts, space, heap);
  write_teb(parts, space);
}

void add_probes(MachineParts& parts, AddressSpace& space) {
  auto& memory = parts.memory;
  auto& probes = parts.truth.probes;
  auto next = place::kProbes;
  // A page with a text, that the caller maps at the address.
  const auto add = [&](const std::string& way, std::uint64_t address, bool user) {
    const auto pfn = memory.take(user);
    const auto text = "mapped as: " + way;
    memory.write(pfn * kPageBytes + 0x40, text);
    probes.push_back({way, address + 0x40, pfn * kPageBytes + 0x40, text});
    return pfn;
  };
  const auto absent = [&](const char* way, std::uint64_t entry) {
    space.set_pte(next, entry);
    probes.push_back({way, next + 0x40, 0, {}});
    next += kPageBytes;
  };
  const auto prototype = [&](std::uint64_t entry) {
    const auto at = parts.pool(8, true);
    parts.space.write_u64(at, entry);
    return at << 16 | pte::kPrototype;
  };
  space.map(next, add("4 KB", next, true), pte::kUserData);
  next += kPageBytes;
  space.set_pte(next, transition_entry(parts, add("transition", next, true)));
  next += kPageBytes;
  space.set_pte(next, prototype(add("prototype", next, true) * kPageBytes | pte::kUserData));
  next += kPageBytes;
  space.set_pte(next,
                prototype(transition_entry(parts, add("prototype in transition", next, true))));
  next += kPageBytes;
  absent("pagefile", 0x0001'2345'0000'2090);
  absent("demand zero", 0x80);
  absent("prototype of a VAD", 0xffff'ffff'0000'0480);
  absent("no entry", 0);

  const auto kernel_page = place::kPagedPool + 0x10'0000;
  parts.space.set_pte(kernel_page,
                      transition_entry(parts, add("kernel transition", kernel_page, false)));
  const auto direct = add("1 GB", 0, false) * kPageBytes;
  probes.back().address = place::kPfnDatabase + direct + 0x40;
  const auto variable = parts.nt.data(32);
  parts.space.write(variable, "mapped as: 2 MB");
  probes.push_back({"2 MB", variable, parts.space.physical(variable), "mapped as: 2 MB"});
}

}  // namespace vigil::test
