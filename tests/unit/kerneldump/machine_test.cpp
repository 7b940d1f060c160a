// SPDX-License-Identifier: Apache-2.0
#include "support/kernel_machine.h"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <variant>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/utf.h"
#include "unit/kerneldump/made_dump.h"

/// Machines that were made for it, written and read again: what the reader finds is what their
/// maker says of them. The writer shares no struct and no code with the reader.
namespace vigil::kerneldump {
namespace {

using test::KernelDumpKind;

bool has_pages(KernelDumpKind kind) {
  return kind != KernelDumpKind::Header && kind != KernelDumpKind::TriageClassic &&
         kind != KernelDumpKind::TriageKernelGenerated;
}
bool has_user_pages(KernelDumpKind kind) {
  return kind == KernelDumpKind::Full || kind == KernelDumpKind::BitmapFull ||
         kind == KernelDumpKind::LiveKernelUser || kind == KernelDumpKind::LiveComplete ||
         kind == KernelDumpKind::Active;
}

void expect_header(const Dump& dump, const test::MachineTruth& truth) {
  const auto& kernel = dump.kernel();
  const auto& snapshot = dump.snapshot();
  EXPECT_EQ(kernel.bugcheck.code, truth.bugcheck);
  EXPECT_EQ(kernel.bugcheck.parameters, truth.parameters);
  EXPECT_EQ(snapshot.system.os_build, truth.build);
  EXPECT_EQ(snapshot.system.processor_count, truth.processors.size());
  EXPECT_EQ(snapshot.system.product_type, truth.product_type);
  EXPECT_EQ(snapshot.written, timestamp_from_filetime(truth.system_time));
  EXPECT_EQ(kernel.uptime, Microseconds(static_cast<std::int64_t>(truth.uptime / 10)));
}

void expect_modules(const Dump& dump,
                    const test::MachineTruth& truth,
                    bool with_images,
                    bool with_pages = true) {
  const auto& modules = dump.snapshot().modules;
  ASSERT_EQ(modules.size(), truth.modules.size()) << dump.notes();
  EXPECT_EQ(modules.front().base, truth.kernel_base);
  for (const auto& expected : truth.modules) {
    const auto found = std::ranges::find(modules, expected.base, &snapshot::Module::base);
    ASSERT_NE(found, modules.end()) << expected.name;
    EXPECT_EQ(found->size, expected.size) << expected.name;
    // A small dump has the file's name where the kernel goes by another.
    const std::string_view file = windows_file_name(expected.path);
    EXPECT_THAT(ascii_lower(found->name()),
                testing::AnyOf(ascii_lower(expected.name),
                               ascii_lower(with_pages ? std::string_view(expected.name) : file)));
    EXPECT_EQ(found->timestamp, expected.timestamp) << expected.name;
    if (!with_images) continue;
    EXPECT_EQ(found->version, expected.version) << expected.name;
    EXPECT_EQ(found->debug_id, expected.debug_id) << expected.name;
  }
}

/// \p most: how many characters of a name such a dump keeps.
void expect_unloaded(const Dump& dump, const test::MachineTruth& truth, std::size_t most) {
  std::map<std::uint64_t, std::pair<std::uint64_t, std::string>> ours, theirs;
  for (const auto& module : dump.snapshot().unloaded_modules)
    ours[module.base] = {module.base + module.size, module.name};
  for (const auto& module : truth.unloaded)
    theirs[module.start] = {module.end, module.name.substr(0, most)};
  EXPECT_EQ(ours, theirs);
}

void expect_processors(const Dump& dump, const test::MachineTruth& truth) {
  const auto& processors = dump.kernel().processors;
  ASSERT_EQ(processors.size(), truth.processors.size());
  for (std::size_t i = 0; i < processors.size(); ++i) {
    const auto& ours = processors[i];
    const auto& theirs = truth.processors[i];
    EXPECT_EQ(ours.number, theirs.number);
    EXPECT_EQ(ours.prcb, theirs.prcb);
    EXPECT_EQ(ours.current_thread, theirs.current_thread);
    EXPECT_EQ(ours.next_thread.value_or(0), theirs.next_thread);
    EXPECT_EQ(ours.idle_thread, theirs.idle_thread);
    EXPECT_EQ(ours.mhz, theirs.mhz);
    EXPECT_EQ(ours.vendor, theirs.vendor);
    EXPECT_EQ(ours.family, theirs.family);
    EXPECT_EQ(ours.model, theirs.model);
    EXPECT_EQ(ours.stepping, theirs.stepping);
    EXPECT_EQ(ours.irql, theirs.irql) << ours.number;
    EXPECT_EQ(ours.stopped_machine, theirs.number == truth.crash_processor);
  }
  EXPECT_EQ(dump.kernel().current_thread, truth.crash_thread);
  EXPECT_EQ(dump.kernel().current_process, truth.crash_process);
}

std::optional<std::uint64_t> counter(const Dump& dump, std::string_view name) {
  const auto& counters = dump.kernel().counters;
  const auto found = std::ranges::find(counters, name, &snapshot::KernelCounter::name);
  return found == counters.end() ? std::nullopt : found->value;
}

void expect_counters(const Dump& dump, const test::MachineTruth& truth) {
  const auto& memory = truth.memory;
  EXPECT_EQ(counter(dump, "paged_pool"), memory.paged_pool_commit * 4096);
  EXPECT_EQ(counter(dump, "physical_total"), memory.physical * 4096);
  const auto only = [&](std::uint64_t value) {
    return memory.in_kdbg ? std::optional(value) : std::nullopt;
  };
  EXPECT_EQ(counter(dump, "available"), only(memory.available * 4096));
  EXPECT_EQ(counter(dump, "resident_available"), only(memory.resident_available * 4096));
  EXPECT_EQ(counter(dump, "commit"), only(memory.committed * 4096));
  EXPECT_EQ(counter(dump, "commit_limit"), only(memory.commit_limit * 4096));
  EXPECT_EQ(counter(dump, "commit_peak"), only(memory.commit_peak * 4096));
  EXPECT_EQ(counter(dump, "commit_limit_maximum"), only(memory.commit_limit * 4096));
  EXPECT_EQ(counter(dump, "shared_commit"), only(memory.shared_commit * 4096));
  EXPECT_EQ(counter(dump, "driver_commit"), only(memory.driver_commit * 4096));
  EXPECT_EQ(counter(dump, "process_commit"), only(memory.process_commit * 4096));
  EXPECT_EQ(counter(dump, "nonpaged_pool"), only(memory.nonpaged_pool * 4096));
  EXPECT_EQ(counter(dump, "nonpaged_pool_maximum"), only(memory.maximum_nonpaged_pool_bytes));
  EXPECT_EQ(counter(dump, "paged_pool_maximum"), memory.paged_pool_bytes);
}

/// The process that was current has its whole name, of which EPROCESS has 14 characters.
void expect_whole_name(const Dump& dump) {
  const auto process = std::ranges::find(dump.kernel().processes, dump.kernel().current_process,
                                         &snapshot::KernelProcess::address);
  ASSERT_NE(process, dump.kernel().processes.end());
  EXPECT_EQ(process->image, "contoso-agent.exe");
  EXPECT_THAT(dump.snapshot().threads.front().name, testing::EndsWith(", contoso-agent.exe"));
}

void expect_environment(const Dump& dump, const test::MachineTruth& truth) {
  const std::uint64_t memory_link = truth.peb.address > 0xffff'ffff ? 0x10 : 0x8;
  ASSERT_EQ(dump.kernel().peb.has_value(), truth.peb.address != 0);
  ASSERT_EQ(dump.kernel().teb.has_value(), truth.teb.address != 0);
  if (!dump.kernel().peb) return;
  const auto& peb = *dump.kernel().peb;
  EXPECT_EQ(peb.address, truth.peb.address);
  EXPECT_EQ(peb.image_base, truth.peb.image_base);
  EXPECT_EQ(peb.being_debugged, truth.peb.being_debugged);
  EXPECT_EQ(peb.global_flags, truth.peb.nt_global_flag);
  EXPECT_EQ(peb.session, truth.peb.session);
  EXPECT_EQ(peb.image_path, truth.peb.image_path);
  EXPECT_EQ(peb.command_line, truth.peb.command_line);
  EXPECT_EQ(peb.current_directory, truth.peb.current_directory);
  EXPECT_EQ(peb.window_title, truth.peb.window_title);
  EXPECT_EQ(peb.desktop, truth.peb.desktop);
  EXPECT_EQ(peb.dll_path, truth.peb.dll_path);
  EXPECT_THAT(peb.lost_texts, testing::IsEmpty());
  EXPECT_EQ(peb.inherited_address_space, truth.peb.inherited_address_space);
  EXPECT_EQ(peb.read_image_options, truth.peb.read_image_options);
  EXPECT_EQ(peb.subsystem_data, truth.peb.subsystem_data);
  EXPECT_EQ(peb.loader_data, truth.peb.ldr);
  EXPECT_EQ(peb.loader_initialized, truth.peb.loader_initialized);
  ASSERT_TRUE(peb.load_order && peb.memory_order && peb.initialization_order);
  EXPECT_EQ(peb.load_order->first, truth.peb.load_first);
  EXPECT_EQ(peb.load_order->last, truth.peb.load_last);
  EXPECT_EQ(peb.memory_order->first, truth.peb.load_first + memory_link);
  EXPECT_EQ(peb.initialization_order->first, truth.peb.initialization_first);
  EXPECT_EQ(peb.initialization_order->last, truth.peb.initialization_last);
  ASSERT_EQ(peb.modules.size(), truth.peb.modules.size());
  for (std::size_t i = 0; i < peb.modules.size(); ++i) {
    EXPECT_EQ(peb.modules[i].base, truth.peb.modules[i].base);
    EXPECT_EQ(peb.modules[i].path, truth.peb.modules[i].path);
    EXPECT_EQ(peb.modules[i].timestamp, truth.peb.modules[i].timestamp);
  }
  const auto& teb = *dump.kernel().teb;
  EXPECT_EQ(teb.address, truth.teb.address);
  EXPECT_EQ(teb.stack_base, truth.teb.stack_base);
  EXPECT_EQ(teb.stack_limit, truth.teb.stack_limit);
  EXPECT_EQ(teb.peb, truth.teb.peb);
  EXPECT_EQ(teb.exception_list, truth.teb.exception_list);
  EXPECT_EQ(teb.subsystem_tib, truth.teb.subsystem_tib);
  EXPECT_EQ(teb.fiber_data, truth.teb.fiber_data);
  EXPECT_EQ(teb.arbitrary_user_pointer, truth.teb.user_pointer);
  EXPECT_EQ(teb.self, truth.teb.address);
  EXPECT_EQ(teb.environment_pointer, truth.teb.environment_pointer);
  EXPECT_EQ(teb.rpc_handle, truth.teb.rpc_handle);
  EXPECT_EQ(teb.tls, truth.teb.thread_local_storage);
  EXPECT_EQ(teb.hard_error_mode, truth.teb.hard_error_mode);
  EXPECT_EQ(teb.tid, truth.teb.tid);
  EXPECT_EQ(teb.last_error, truth.teb.last_error);
  EXPECT_EQ(teb.last_status, truth.teb.last_status);
  EXPECT_EQ(teb.owned_critical_sections, truth.teb.owned_locks);
}

void expect_fault(const Dump& dump, const test::MachineTruth& truth) {
  ASSERT_TRUE(dump.snapshot().exception.has_value());
  const auto& exception = *dump.snapshot().exception;
  const auto& context = exception.context;
  if (truth.fault_instruction == 0) {
    EXPECT_EQ(dump.kernel().fault_source, snapshot::FaultSource::None);
    return;
  }
  EXPECT_NE(dump.kernel().fault_source, snapshot::FaultSource::None);
  EXPECT_EQ(snapshot::instruction_pointer(context), truth.fault_instruction);
  EXPECT_EQ(snapshot::stack_pointer(context), truth.fault_stack_pointer);
  EXPECT_EQ(exception.address, truth.fault_instruction);
  const bool from_trap_frame = dump.kernel().fault_source == snapshot::FaultSource::TrapFrame ||
                               dump.kernel().fault_source == snapshot::FaultSource::FoundFrame;
  if (const auto* amd64 = std::get_if<snapshot::Amd64Context>(&context)) {
    // A trap frame has no rbx, rsi, rdi and r12 to r15.
    EXPECT_EQ(amd64->known, from_trap_frame ? 0x0f37 : 0xffff);
  }
  if (truth.exception.address == 0) return;
  EXPECT_EQ(exception.code, truth.exception.code);
  // No parameter of 0x3b names the record.
  if (std::ranges::find(truth.parameters, truth.exception.address) == truth.parameters.end())
    return;
  EXPECT_EQ(exception.parameters, truth.exception.parameters);
}

void expect_probes(const test::KernelMachine& machine, const Dump& dump, KernelDumpKind kind) {
  for (const auto& probe : machine.truth().probes) {
    const bool there = !probe.bytes.empty() && machine.holds(kind, probe.physical >> 12);
    const auto bytes =
        dump.dump->memory().at(probe.address, std::max<std::size_t>(probe.bytes.size(), 1));
    EXPECT_EQ(bytes.text(), there ? std::string_view(probe.bytes) : std::string_view())
        << probe.way;
  }
}

using Case = std::tuple<std::uint32_t, KernelDumpKind>;
class MadeMachine : public testing::TestWithParam<Case> {};

TEST_P(MadeMachine, IsReadAsItWasMade) {
  const auto [build, kind] = GetParam();
  const auto machine = test::make_kernel_machine({.build = build});
  const Dump dump(machine.dump(kind));
  ASSERT_NE(dump.dump, nullptr);
  const auto& truth = machine.truth();
  expect_header(dump, truth);
  if (kind == KernelDumpKind::Header) return;
  expect_modules(dump, truth, has_pages(kind));
  constexpr std::size_t kWholeNames = 64, kNamesInTriage = 12;
  expect_unloaded(dump, truth, has_pages(kind) ? kWholeNames : kNamesInTriage);
  expect_fault(dump, truth);
  if (!has_pages(kind)) return;
  expect_processes(dump, truth);
  expect_threads(dump, truth);
  expect_processors(dump, truth);
  expect_counters(dump, truth);
  expect_probes(machine, dump, kind);
  if (has_user_pages(kind)) {
    expect_whole_name(dump);
    expect_environment(dump, truth);
  }
}

INSTANTIATE_TEST_SUITE_P(All,
                         MadeMachine,
                         testing::Combine(testing::Values(9600, 17763, 19041, 20348, 26100),
                                          testing::Values(KernelDumpKind::Full,
                                                          KernelDumpKind::Summary,
                                                          KernelDumpKind::SummaryOld,
                                                          KernelDumpKind::Header,
                                                          KernelDumpKind::TriageClassic,
                                                          KernelDumpKind::TriageKernelGenerated,
                                                          KernelDumpKind::BitmapFull,
                                                          KernelDumpKind::BitmapKernel,
                                                          KernelDumpKind::Automatic,
                                                          KernelDumpKind::Active,
                                                          KernelDumpKind::LiveKernel,
                                                          KernelDumpKind::LiveKernelUser,
                                                          KernelDumpKind::LiveComplete)));

class MadeCrash : public testing::TestWithParam<test::KernelCrash> {};

TEST_P(MadeCrash, HasItsRegistersWhereTheBugcheckSays) {
  const auto machine = test::make_kernel_machine({.crash = GetParam()});
  const Dump dump(machine.dump(KernelDumpKind::Full));
  ASSERT_NE(dump.dump, nullptr);
  expect_header(dump, machine.truth());
  expect_processors(dump, machine.truth());
  expect_fault(dump, machine.truth());
}

INSTANTIATE_TEST_SUITE_P(All,
                         MadeCrash,
                         testing::Values(test::KernelCrash::DriverIrql,
                                         test::KernelCrash::SystemService,
                                         test::KernelCrash::SystemThread,
                                         test::KernelCrash::SecurityCheck,
                                         test::KernelCrash::ManuallyStarted,
                                         test::KernelCrash::CriticalProcess,
                                         test::KernelCrash::PowerState));

class MadeMachine32 : public testing::TestWithParam<KernelDumpKind> {};

TEST_P(MadeMachine32, IsReadAsItWasMade) {
  const auto kind = GetParam();
  const auto machine = test::make_kernel_machine_32();
  const Dump dump(machine.dump(kind));
  ASSERT_NE(dump.dump, nullptr);
  const auto& truth = machine.truth;
  EXPECT_EQ(dump.kernel().bugcheck.code, truth.bugcheck);
  EXPECT_EQ(dump.kernel().bugcheck.parameters, truth.parameters);
  EXPECT_EQ(dump.snapshot().system.os_build, truth.build);
  EXPECT_EQ(dump.snapshot().system.cpu, snapshot::Cpu::X86);
  if (kind == KernelDumpKind::Header) return;
  expect_modules(dump, truth, false, has_pages(kind));
  if (!has_pages(kind)) return;
  EXPECT_EQ(dump.kernel().translation, "x86 with PAE, 3 levels");
  EXPECT_EQ(dump.kernel().offsets, "debugger data and discovery") << dump.notes();
  EXPECT_EQ(dump.kernel().current_thread, truth.crash_thread);
  ASSERT_EQ(dump.kernel().processes.size(), truth.processes.size()) << dump.notes();
  for (std::size_t i = 0; i < truth.processes.size(); ++i) {
    EXPECT_EQ(dump.kernel().processes[i].pid, truth.processes[i].pid);
    EXPECT_EQ(dump.kernel().processes[i].parent, truth.processes[i].parent_pid);
    EXPECT_EQ(dump.kernel().processes[i].image, truth.processes[i].image);
  }
  if (has_user_pages(kind)) expect_environment(dump, truth);
}

INSTANTIATE_TEST_SUITE_P(All,
                         MadeMachine32,
                         testing::Values(KernelDumpKind::Full,
                                         KernelDumpKind::SummaryOld,
                                         KernelDumpKind::Header,
                                         KernelDumpKind::TriageClassic,
                                         KernelDumpKind::BitmapFull,
                                         KernelDumpKind::BitmapKernel));

TEST(MadeMachines, HaveArm64Processors) {
  const auto made = test::make_kernel_dump_arm64();
  const Dump dump(made.file);
  ASSERT_NE(dump.dump, nullptr);
  EXPECT_EQ(dump.snapshot().system.cpu, snapshot::Cpu::Arm64);
  EXPECT_EQ(dump.kernel().bugcheck.code, made.truth.bugcheck);
  expect_modules(dump, made.truth, false);
  EXPECT_EQ(dump.kernel().current_process, made.truth.crash_process);
  ASSERT_FALSE(dump.kernel().processes.empty()) << dump.notes();
  EXPECT_EQ(dump.kernel().processes.front().pid, made.truth.processes.front().pid);
  EXPECT_EQ(dump.kernel().processes.front().image, made.truth.processes.front().image);
}

TEST(MadeMachines, TellTheirEditionWhereTheHeaderDoesNot) {
  const auto machine = test::make_kernel_machine();
  auto bytes = machine.dump(KernelDumpKind::BitmapKernel);
  bytes.replace(0x1040, 8, "PAGEPAGE");
  const Dump dump(bytes);
  ASSERT_NE(dump.dump, nullptr);
  EXPECT_EQ(dump.snapshot().system.product_type, machine.truth().product_type);
  EXPECT_EQ(dump.snapshot().system.suite_mask, 0x112);
}

TEST(MadeMachines, TellTheirServicePack) {
  auto bytes = test::make_kernel_machine().dump(KernelDumpKind::TriageClassic);
  EXPECT_EQ(Dump(bytes).snapshot().system.service_pack, "");
  bytes[0x2001] = 1;
  EXPECT_EQ(Dump(bytes).snapshot().system.service_pack, "Service Pack 1");
}

TEST(MadeMachines, TellWhoWroteTheDump) {
  const auto machine = test::make_kernel_machine();
  auto bytes = machine.dump(KernelDumpKind::LiveKernel);
  EXPECT_TRUE(Dump(bytes).kernel().live);
  EXPECT_FALSE(Dump(bytes).kernel().by_debugger);
  bytes[0x1050] = 0;
  EXPECT_FALSE(Dump(bytes).kernel().live);
  EXPECT_TRUE(Dump(bytes).kernel().by_debugger);
  bytes[8] = 0xc;
  EXPECT_TRUE(Dump(bytes).kernel().checked_build);
  EXPECT_FALSE(Dump(machine.dump(KernelDumpKind::Full)).kernel().by_debugger);
}

TEST(MadeMachines, HaveFiveLevelsAndSwizzledEntries) {
  const auto machine = test::make_kernel_machine({.five_levels = true, .swizzled_ptes = true});
  const Dump dump(machine.dump(KernelDumpKind::Full));
  ASSERT_NE(dump.dump, nullptr);
  EXPECT_EQ(dump.kernel().translation, "amd64, 5 levels");
  expect_modules(dump, machine.truth(), true);
  expect_processes(dump, machine.truth());
  expect_probes(machine, dump, KernelDumpKind::Full);
}

}  // namespace
}  // namespace vigil::kerneldump
