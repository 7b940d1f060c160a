// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "support/contexts.h"
#include "support/kernel_machine_file.h"

/// A triage dump of an ARM64 machine. Of its structures, what a triage dump of build 22000 showed
/// is EPROCESS (size, process id, links, parent, PEB, name) and the ids in ETHREAD; the other
/// offsets are those that its own KDBG says.
namespace vigil::test {
namespace {

constexpr std::uint64_t kKernel = 0xffff'f801'6620'0000, kDriver = 0xffff'f801'7a40'0000;
constexpr std::uint64_t kEprocess = 0xffff'a60b'1f2e'9080, kEthread = 0xffff'a60b'2044'b080;
constexpr std::uint64_t kStackTop = 0xffff'8d0e'4c31'7000, kStackBytes = 0x200;
constexpr std::uint64_t kKdbg = kKernel + 0xc0'0ad0, kPrcb = 0xffff'f801'5e0b'0000;
constexpr std::uint64_t kTime = 0x01d8'9a3b'1122'3344;
constexpr std::uint32_t kPid = 4712, kTid = 4720;

class Arm64Triage {
 public:
  KernelDumpArm64 make();

 private:
  void describe();
  void header();
  void mm_and_unloaded();
  void part(std::size_t field_at, const std::string& bytes, std::size_t size_field_at = 0);
  [[nodiscard]] std::string prcb() const;
  [[nodiscard]] std::string process() const;
  [[nodiscard]] std::string thread() const;
  [[nodiscard]] std::string stack();
  [[nodiscard]] std::string debugger_data() const;
  void drivers();
  void field(std::size_t offset, std::uint64_t value) { file_.patch_u32(0x2000 + offset, value); }

  MachineTruth truth_;
  Arm64Registers registers_;
  ByteBuilder file_;
};

void Arm64Triage::describe() {
  truth_.build = 22000;
  truth_.product_type = 1;
  truth_.suite_mask = 0x110;
  truth_.system_time = kTime;
  truth_.uptime = 36'000'000'000;
  truth_.kernel_base = kKernel;
  truth_.kdbg = kKdbg;
  truth_.kdbg_size = 0x380;
  truth_.loaded_modules = kKernel + 0xc2'a1b0;
  truth_.active_processes = kKernel + 0xc1'e200;
  truth_.directory_table = 0x1'2345'6000;
  const std::string folder = "\\SystemRoot\\System32\\drivers\\";
  truth_.modules = {{.name = "ntoskrnl.exe",
                     .path = "\\SystemRoot\\system32\\ntoskrnl.exe",
                     .base = kKernel,
                     .size = 0x108'6000,
                     .timestamp = 0x1234'5678,
                     .checksum = 0xb1'0001},
                    {.name = "badnet.sys",
                     .path = folder + "badnet.sys",
                     .base = kDriver,
                     .size = 0x9000,
                     .timestamp = 0x6010'2030,
                     .checksum = 0x1'1111,
                     .third_party = true}};
  truth_.unloaded = {{"WdNisDrv.sys", kDriver + 0x10'0000, kDriver + 0x11'7000}};
  ThreadTruth thread{.address = kEthread,
                     .process = kEprocess,
                     .pid = kPid,
                     .tid = kTid,
                     .state = 2,
                     .stack_base = kStackTop};
  truth_.processes = {{.address = kEprocess,
                       .pid = kPid,
                       .parent_pid = 700,
                       .image = "svchost.exe",
                       .directory_table = truth_.directory_table,
                       .peb = 0x00d1'4c21'5000,
                       .active_threads = 1,
                       .threads = {thread}}};
  truth_.processors.resize(8);
  truth_.processors[0] = {.prcb = kPrcb, .current_thread = kEthread};
  truth_.crash_thread = kEthread;
  truth_.crash_process = kEprocess;
  truth_.fault_instruction = kDriver + 0x1234;
  truth_.blamed_module = "badnet.sys";
  truth_.bugcheck = 0xd1;
  truth_.parameters = {0x28, 2, 0, truth_.fault_instruction};
}

void Arm64Triage::header() {
  file_ = ByteBuilder(page_pattern(kHeader64Bytes));
  file_.patch_raw(4, "DU64").patch_u32(0x08, 0xf).patch_u32(0x0c, truth_.build);
  file_.patch_u64(0x10, truth_.directory_table).patch_u64(0x18, kKernel + 0xcf'c510);
  file_.patch_u64(0x20, truth_.loaded_modules).patch_u64(0x28, truth_.active_processes);
  file_.patch_u32(0x30, 0xaa64).patch_u32(0x34, truth_.processors.size());
  file_.patch_u32(0x38, truth_.bugcheck).patch_u64(0x80, kKdbg);
  for (std::size_t i = 0; i < 4; ++i) file_.patch_u64(0x40 + 8 * i, truth_.parameters.at(i));
  file_.patch_raw(0x348, arm64_context(registers_));
  file_.patch_u32(0xf00, 0x8000'0003).patch_u32(0xf04, 1).patch_u64(0xf08, 0);
  file_.patch_u64(0xf10, registers_.pc).patch_u64(0xf18, 0);
  file_.patch_u32(0xf98, 4).patch_u64(0xfa8, truth_.system_time).patch_u64(0x1030, truth_.uptime);
  file_.patch_u32(0x1038, 0xcff).patch_u32(0x1040, truth_.product_type);
  file_.patch_u32(0x1044, truth_.suite_mask).patch_u32(0x1048, 0).patch_u8(0x104d, 0);
}

void Arm64Triage::mm_and_unloaded() {
  file_.seek(0x2080).u32(1).u32(0x50).seek(0x20d0);
  field(0x0c, 0x348);
  field(0x10, 0xf00);
  field(0x14, 0x2080);
  field(0x18, file_.size());
  field(0x44, 0xffff'ffff);
  file_.u64(truth_.unloaded.size());
  for (const auto& driver : truth_.unloaded) {
    const auto start = file_.size();
    file_.u16(2 * driver.name.size()).u16(2 * driver.name.size()).seek(start + 0x10);
    file_.utf16(driver.name).seek(start + 0x28).u64(driver.start).u64(driver.end);
  }
}

void Arm64Triage::part(std::size_t field_at, const std::string& bytes, std::size_t size_field_at) {
  field(field_at, file_.size());
  if (size_field_at != 0) field(size_field_at, bytes.size());
  file_.raw(bytes).align(8);
}

std::string Arm64Triage::prcb() const {
  return ByteBuilder().seek(8).u64(kEthread).seek(0x24).u32(0).seek(0x1000).bytes();
}

std::string Arm64Triage::process() const {
  const auto& process = truth_.processes.front();
  ByteBuilder b;
  b.u8(3).seek(0x28).u64(process.directory_table).seek(0x3f8).u64(kPid);
  b.u64(truth_.active_processes).u64(truth_.active_processes);
  b.seek(0x4f8).u64(process.parent_pid).seek(0x508).u64(process.peb).seek(0x560).raw(process.image);
  return b.seek(0xc80).bytes();
}

std::string Arm64Triage::thread() const {
  ByteBuilder b;
  b.u8(6).seek(0x38).u64(kStackTop).seek(0xb8).u64(kEprocess).seek(0x184).u8(2);
  return b.seek(0x220).u64(kEprocess).seek(0x3a8).u64(kPid).u64(kTid).seek(0x7c0).bytes();
}

/// Pairs of frame pointer and return address; KeBugCheckEx is innermost.
std::string Arm64Triage::stack() {
  const auto bottom = kStackTop - kStackBytes;
  ByteBuilder b(std::string(kStackBytes, '\0'));
  const std::vector<std::pair<std::uint64_t, const char*>> callers{
      {kKernel + 0x23'4560, "KiBugCheckDispatch"},
      {kDriver + 0x1234, "BadRead"},
      {kKernel + 0x11'2238, "IofCallDriver"}};
  registers_.pc = kKernel + 0x20'0000;
  registers_.sp = bottom;
  registers_.x[29] = bottom + 0x40;
  truth_.bugcheck_stack = {{.instruction = registers_.pc,
                            .stack_pointer = bottom,
                            .module = "ntoskrnl.exe",
                            .function = "KeBugCheckEx"}};
  std::uint64_t at = 0x40;
  for (const auto& [address, name] : callers) {
    b.patch_u64(at, bottom + at + 0x40).patch_u64(at + 8, address);
    truth_.bugcheck_stack.push_back({.instruction = address,
                                     .stack_pointer = bottom + at + 0x10,
                                     .module = address >= kDriver ? "badnet.sys" : "ntoskrnl.exe",
                                     .function = name});
    at += 0x40;
  }
  truth_.processes.front().threads.front().stack = truth_.bugcheck_stack;
  return b.bytes();
}

std::string Arm64Triage::debugger_data() const {
  ByteBuilder b(std::string(truth_.kdbg_size, '\0'));
  b.patch_raw(0x10, "KDBG").patch_u32(0x14, truth_.kdbg_size).patch_u64(0x18, kKernel);
  b.patch_u64(0x48, truth_.loaded_modules).patch_u64(0x50, truth_.active_processes);
  b.patch_u64(0xc0, kKernel + 0xcf'c510).patch_u64(0x138, 0x1000);
  const std::vector<std::pair<std::size_t, std::uint32_t>> fields{
      {0x29a, 0xf0},  {0x29c, 0x58},  {0x29e, 0x28},  {0x2a0, 0xb8}, {0x2a2, 0x184},
      {0x2a8, 0xc80}, {0x2aa, 0x508}, {0x2ac, 0x4f8}, {0x2ae, 0x28}, {0x2b0, 0x1000},
      {0x2b4, 8},     {0x2be, 0x24},  {0x2c0, 0x7c0}, {0x344, 0x38}, {0x35c, 0x283}};
  for (const auto& [offset, value] : fields) b.patch_u16(offset, value);
  return b.bytes();
}

void Arm64Triage::drivers() {
  ByteBuilder entries, names;
  const auto pool_at = file_.size() + 0x90 * truth_.modules.size();
  for (const auto& module : truth_.modules) {
    const auto start = entries.size();
    entries.u32(pool_at + names.size()).seek(start + 0x38).u64(module.base);
    entries.seek(start + 0x48).u32(module.size).seek(start + 0x80).u32(module.checksum);
    entries.seek(start + 0x88).u32(module.timestamp).u32(0);
    names.u32(module.path.size()).utf16(module.path).u16(0).align(8);
  }
  field(0x30, file_.size());
  field(0x34, truth_.modules.size());
  field(0x38, pool_at);
  field(0x3c, names.size());
  file_.raw(entries.bytes()).raw(names.bytes());
}

KernelDumpArm64 Arm64Triage::make() {
  describe();
  const auto call_stack = stack();
  header();
  mm_and_unloaded();
  part(0x1c, prcb());
  part(0x20, process());
  part(0x24, thread());
  file_.patch_u64(0x2048, kStackTop - kStackBytes);
  part(0x28, call_stack, 0x2c);
  part(0x70, debugger_data(), 0x74);
  drivers();
  field(0x78, file_.size());
  field(0x08, file_.size());
  field(0x04, file_.size() + 4);
  file_.raw("TRGD");
  file_.patch_u64(0xfa0, file_.size());
  return {std::move(truth_), file_.bytes()};
}

}  // namespace

KernelDumpArm64 make_kernel_dump_arm64() {
  return Arm64Triage().make();
}

}  // namespace vigil::test
