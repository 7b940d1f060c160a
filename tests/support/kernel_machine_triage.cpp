// SPDX-License-Identifier: Apache-2.0
#include "support/kernel_machine_file.h"
#include "support/kernel_machine_layout.h"
#include "support/kernel_machine_memory.h"

/// Triage dumps ("minidumps" of Windows), in the order and with the gaps of either writer: that of
/// the boot after the crash (classic), and that of the kernel itself.
namespace vigil::test {
namespace {

constexpr std::uint64_t kTriageAt = 0x2000, kMmAt = 0x2080, kBlocksAt = 0x20d0;
constexpr std::size_t kUnloadedNameUnits = 12;

class TriageWriter {
 public:
  TriageWriter(const KernelMachine& machine, bool kernel_generated)
      : machine_(machine),
        truth_(machine.truth()),
        layout_(kernel_layout(machine.truth().build, machine.options.unknown_kernel)),
        modern_(kernel_generated),
        kind_(kernel_generated ? KernelDumpKind::TriageKernelGenerated
                               : KernelDumpKind::TriageClassic),
        file_(kernel_header(machine, dump_traits(kind_))) {}

  std::string write();

 private:
  void header();
  void mm_block();
  void unloaded();
  void object(std::size_t field, std::uint64_t address, std::uint64_t size);
  void call_stack();
  void debugger_data();
  void drivers();
  void find_blocks();
  void data_blocks();
  void block(std::uint64_t address, std::uint64_t size) { blocks_.push_back({address, size}); }
  /// A field of TRIAGE_DUMP64.
  void field(std::size_t offset, std::uint64_t value) {
    file_.patch_u32(kTriageAt + offset, value);
  }
  [[nodiscard]] std::uint64_t u64(std::uint64_t address) const;

  const KernelMachine& machine_;
  const MachineTruth& truth_;
  const KernelLayout layout_;
  bool modern_;
  KernelDumpKind kind_;
  ByteBuilder file_;
  std::vector<PhysicalRun> blocks_;  // addresses and sizes
};

std::uint64_t TriageWriter::u64(std::uint64_t address) const {
  std::uint64_t value = 0;
  const auto bytes = machine_.read_virtual(address, 8);
  for (std::size_t i = 8; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

void TriageWriter::header() {
  if (modern_) {
    file_.patch_u32(0x1038, 0xdff).patch_u32(0x1048, 0x4547'4150).patch_u8(0x104d, 0x41);
    if (truth_.build == 26100) file_.patch_u32(0x1050, 0x2'1008);
    return;
  }
  file_.patch_u32(0x1038, 0xcff).patch_u64(0x18, u64(truth_.kdbg + 0xc0));
  file_.patch_u32(0x103c, 0x4547'4150).patch_u32(0x1054, 0x4547'4150);
  file_.patch_raw(0x60, page_pattern(32)).patch_raw(0x88, page_pattern(700));
  if (truth_.bugcheck == 0x7e) {
    file_.patch_u32(0x38, 0x1000'007e);  // the one that the screen did not show
    file_.patch_raw(0x348, machine_.read_virtual(truth_.context, 0x4d0))
        .patch_u32(0x378, 0x10'001f);
  }
}

void TriageWriter::mm_block() {
  ByteBuilder block;
  block.u32(1).u32(0x50).seek(0x18);
  if (modern_ || layout_.filled_triage_counters) {
    const auto& memory = truth_.memory;
    block.u64(memory.maximum_nonpaged_pool_bytes / kPageBytes);
    block.u64(memory.nonpaged_pool);
    block.u64(memory.paged_pool_bytes / kPageBytes).u64(memory.paged_pool_commit);
    block.u64(memory.committed).u64(memory.commit_peak).u64(memory.commit_limit);
  }
  file_.seek(kMmAt).raw(block.seek(0x50).bytes());
}

void TriageWriter::unloaded() {
  ByteBuilder list;
  list.u64(truth_.unloaded.size());
  for (const auto& driver : truth_.unloaded) {
    const auto name = driver.name.substr(0, kUnloadedNameUnits);
    const auto start = list.size();
    list.u16(2 * name.size()).u16(2 * name.size()).seek(start + 0x10).utf16(name);
    list.seek(start + 0x28).u64(driver.start).u64(driver.end);
  }
  if (modern_) list.seek(8 + 0x38 * 50);  // room for all that the kernel keeps
  field(0x18, file_.size());
  file_.raw(list.bytes());
}

void TriageWriter::object(std::size_t at, std::uint64_t address, std::uint64_t size) {
  field(at, file_.size());
  file_.raw(machine_.read_virtual(address, size));
}

void TriageWriter::call_stack() {
  const auto top = truth_.bugcheck_stack.front().stack_pointer;
  const auto base = u64(truth_.crash_thread + 0x38);
  field(0x2c, base - top);
  file_.patch_u64(kTriageAt + 0x48, top);
  object(0x28, top, base - top);
}

void TriageWriter::debugger_data() {
  file_.align(8);
  field(0x74, truth_.kdbg_size);
  object(0x70, truth_.kdbg, truth_.kdbg_size);
}

/// The kernel copies its loader's entries; the boot after the crash fills a few fields of them.
void TriageWriter::drivers() {
  ByteBuilder entries, names;
  const auto pool_at = file_.size() + 0x90 * truth_.modules.size();
  auto loader_entry = u64(truth_.loaded_modules);
  for (const auto& module : truth_.modules) {
    const auto start = entries.size();
    entries.u32(pool_at + names.size()).u32(0);
    entries.raw(modern_ ? machine_.read_virtual(loader_entry, 0x88) : std::string(0x88, '\0'));
    if (!modern_) {
      entries.patch_u64(start + 0x38, module.base).patch_u32(start + 0x48, module.size);
      entries.patch_u32(start + 0x80, module.checksum).patch_u32(start + 0x88, module.timestamp);
    }
    const auto& name = modern_ ? module.name : module.path;
    names.u32(name.size()).utf16(name).u16(0).align(8);
    loader_entry = u64(loader_entry);
  }
  field(0x30, file_.size());
  field(0x34, truth_.modules.size());
  field(0x38, pool_at);
  field(0x3c, names.size());
  file_.raw(entries.bytes()).raw(names.bytes());
}

void TriageWriter::find_blocks() {
  if (!modern_) {
    for (const auto& processor : truth_.processors) {
      block(processor.prcb, layout_.prcb_size);
      block(u64(processor.prcb + layout_.prcb_context), 0x4d0);
      if (processor.rsp == 0) continue;
      block(processor.rsp, u64(processor.current_thread + 0x38) - processor.rsp);
    }
  }
  if (truth_.fault_instruction != 0)
    block(truth_.fault_instruction & ~(kPageBytes - 1), kPageBytes);
  block(truth_.bugcheck_stack.front().instruction, 0x90);
  block(truth_.crash_thread, 0x100);
}

void TriageWriter::data_blocks() {
  find_blocks();
  field(0x78, file_.size());
  field(0x7c, blocks_.size());
  const auto list_end = file_.size() + 0x10 * blocks_.size();
  // The kernel's writer ends its own part before the data.
  const auto valid = modern_ ? ((list_end + 0x3ff) & ~std::uint64_t{0x1ff}) - 4 : 0;
  auto at = modern_ ? valid + 4 : list_end;
  for (const auto& [address, size] : blocks_) {
    file_.u64(address).u32(at).u32(size);
    at += size;
  }
  const auto mark = [this](std::uint64_t where) {
    file_.seek(where).raw("TRGD");
    field(0x04, where + 4);
    field(0x08, where);
  };
  if (modern_) mark(valid);
  for (const auto& [address, size] : blocks_) file_.raw(machine_.read_virtual(address, size));
  if (!modern_) mark((file_.size() + 3) & ~std::uint64_t{3});
}

std::string TriageWriter::write() {
  header();
  file_.seek(kMmAt);
  field(0x0c, 0x348);
  field(0x10, 0xf00);
  field(0x14, kMmAt);
  field(0x44, modern_ ? 0x41 : 0xffff'ffff);
  mm_block();
  file_.seek(kBlocksAt);
  if (!modern_) unloaded();
  object(0x1c, truth_.processors.at(truth_.crash_processor).prcb, layout_.prcb_size);
  object(0x20, truth_.crash_process, layout_.eprocess_size);
  object(0x24, truth_.crash_thread, layout_.ethread_size);
  call_stack();
  debugger_data();
  if (modern_) unloaded();
  drivers();
  data_blocks();
  file_.patch_u64(0xfa0, modern_ ? file_.size() : file_.size() + 0x1'0000);
  return file_.bytes();
}

}  // namespace

std::string triage_dump(const KernelMachine& machine, bool kernel_generated) {
  return TriageWriter(machine, kernel_generated).write();
}

}  // namespace vigil::test
