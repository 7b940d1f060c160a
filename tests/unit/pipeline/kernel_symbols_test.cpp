// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/pipeline.h"
#include "support/kernel_machine.h"
#include "support/pdb_builder.h"
#include "support/report_schema.h"
#include "unit/symbols/temp_folder.h"

/// Dumps of kernels that no table knows, and the PDB that says where they have what.
namespace vigil::pipeline {
namespace {

using test::KernelDumpKind;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint64_t kPage = 4096;

/// A folder with the PDB of the kernel in it, where a symbol store would have it.
class SymbolFolder {
 public:
  SymbolFolder(const test::KernelMachine& machine, std::string_view pdb) {
    const auto& kernel = machine.truth().modules.front();
    folder_.write(kernel.pdb + "/" + kernel.debug_id + "/" + kernel.pdb, pdb);
  }
  [[nodiscard]] symbols::SymbolPaths paths() const {
    return {.folders = {folder_.path()}, .module_paths = false};
  }

 private:
  test::TempFolder folder_;
};

report::Report report_of(const std::string& bytes, const symbols::SymbolPaths& paths) {
  symbols::Library library(paths);
  auto report = analyze(std::make_unique<MemorySource>(ByteView(std::string_view(bytes))), library);
  EXPECT_TRUE(report.ok()) << report.error().message();
  if (!report.ok()) return {};
  test::ReportSchema(VIGIL_SOURCE_DIR).expect_valid(report::to_json(*report, false));
  return std::move(report).take();
}

report::Report report_of(const test::KernelMachine& machine,
                         std::string_view pdb,
                         KernelDumpKind kind = KernelDumpKind::BitmapKernel) {
  const SymbolFolder folder(machine, pdb);
  return report_of(machine.dump(kind), folder.paths());
}

report::Report report_without(const test::KernelMachine& machine) {
  return report_of(machine.dump(KernelDumpKind::BitmapKernel), {.module_paths = false});
}

const report::KernelCounter& counter(const report::Report& report, std::string_view name) {
  const auto& counters = report.kernel->counters;
  const auto found = std::ranges::find(counters, name, &report::KernelCounter::name);
  EXPECT_NE(found, counters.end()) << name;
  return *found;
}

class UnknownKernel : public testing::TestWithParam<std::uint32_t> {
 protected:
  const test::KernelMachine machine_ =
      test::make_kernel_machine({.build = GetParam(), .unknown_kernel = true});
};

/// What the next test finds is found nowhere else.
TEST_P(UnknownKernel, IsNotReadWithoutItsSymbols) {
  const auto report = report_without(machine_);
  EXPECT_THAT(report.kernel->offsets, IsEmpty());
  EXPECT_THAT(report.kernel->processes, IsEmpty());
  EXPECT_FALSE(counter(report, "commit").bytes);
  EXPECT_FALSE(counter(report, "page_files").count);
  EXPECT_THAT(report.diagnostics, Contains(HasSubstr("do not fit this kernel")));
}

TEST_P(UnknownKernel, HasItsProcessesAndThreadsBySymbols) {
  const auto report = report_of(machine_, test::kernel_pdb(machine_));
  const auto& truth = machine_.truth();
  EXPECT_EQ(report.kernel->offsets, "symbols of ntoskrnl.pdb");
  EXPECT_THAT(report.diagnostics, IsEmpty());
  ASSERT_EQ(report.kernel->processes.size(), truth.processes.size());
  for (std::size_t i = 0; i < truth.processes.size(); ++i) {
    const auto& ours = report.kernel->processes[i];
    const auto& theirs = truth.processes[i];
    EXPECT_EQ(ours.address, theirs.address);
    EXPECT_EQ(ours.pid, theirs.pid);
    EXPECT_EQ(ours.parent, theirs.parent_pid);
    EXPECT_EQ(ours.image, theirs.image);
    EXPECT_EQ(ours.threads, theirs.active_threads);
    EXPECT_EQ(ours.create_time, timestamp_from_filetime(theirs.create_time));
    EXPECT_EQ(ours.directory_table, theirs.directory_table);
    EXPECT_EQ(ours.peb.value_or(0), theirs.peb);
    if (theirs.pid != 4) {
      EXPECT_EQ(ours.session, theirs.session);
    }
    for (const auto& thread : theirs.threads) {
      const auto found =
          std::ranges::find(report.kernel->threads, thread.address, &report::KernelThread::address);
      ASSERT_NE(found, report.kernel->threads.end()) << thread.tid;
      EXPECT_EQ(found->pid, thread.pid);
      EXPECT_EQ(found->thread_id, thread.tid);
      EXPECT_EQ(found->start_address.value_or(0), thread.win32_start_address);
      EXPECT_EQ(found->context_switches, thread.context_switches);
    }
  }
}

TEST_P(UnknownKernel, HasItsMemoryCountedBySymbols) {
  const auto report = report_of(machine_, test::kernel_pdb(machine_));
  const auto& memory = machine_.truth().memory;
  const auto expect_pages = [&](std::string_view name, std::uint64_t pages, std::string_view by) {
    EXPECT_EQ(counter(report, name).bytes, pages * kPage) << name;
    EXPECT_EQ(counter(report, name).source, std::string(by) + " by symbols");
  };
  expect_pages("physical_total", memory.physical, "MiSystemPartition.Vp.NumberOfPhysicalPages");
  expect_pages("available", memory.available, "MiSystemPartition.Vp.AvailablePages");
  expect_pages("resident_available", memory.resident_available,
               "MiSystemPartition.Vp.ResidentAvailablePages");
  expect_pages("commit", memory.committed, "MiSystemPartition.Vp.TotalCommittedPages");
  expect_pages("commit_limit", memory.commit_limit, "MiSystemPartition.Vp.TotalCommitLimit");
  expect_pages("commit_limit_maximum", memory.commit_limit_maximum,
               "MiSystemPartition.Commit.TotalCommitLimitMaximum");
  expect_pages("commit_peak", memory.commit_peak, "MiSystemPartition.Commit.PeakCommitment");
  expect_pages("shared_commit", memory.shared_commit, "MiSystemPartition.Vp.SharedCommit");
  const std::string state = GetParam() < 26100 ? "MiState.Vs." : "MiVisibleState->";
  if (GetParam() < 26100) {
    expect_pages("nonpaged_pool", memory.nonpaged_pool, "MiState.Pools.AllocatedNonPagedPool");
  } else {
    expect_pages("nonpaged_pool", memory.nonpaged_commit, "MiVisibleState->NonPagedPoolCommit");
  }
  expect_pages("nonpaged_pool_maximum", memory.maximum_nonpaged_pool_bytes / kPage,
               state + "MaximumNonPagedPoolInPages");
  expect_pages("driver_commit", memory.driver_commit, state + "DriverCommit");
  expect_pages("process_commit", memory.process_commit, state + "ProcessCommit");
  expect_pages("page_file_size", memory.page_file_pages, "_MMPAGING_FILE.Size");
  expect_pages("page_file_free", memory.page_file_free, "_MMPAGING_FILE.FreeSpace");
  EXPECT_EQ(counter(report, "page_files").count, memory.page_files);
  // The debugger data leads to these in every build.
  EXPECT_EQ(counter(report, "paged_pool").source, "MmPagedPoolCommit by the debugger data");
  EXPECT_EQ(report.memory.physical_available, memory.available * kPage);
  EXPECT_EQ(report.memory.system_commit_limit, memory.commit_limit * kPage);
}

/// Small dumps have no headers of the kernel: its image says which PDB it is of. Figures that the
/// dump does not hold are said to be missing.
TEST_P(UnknownKernel, IsReadInASmallDumpWhereItsImageIsAtHand) {
  const auto& kernel = machine_.truth().modules.front();
  const test::TempFolder folder;
  folder.write(kernel.pdb, test::kernel_pdb(machine_));
  const auto dump = machine_.dump(KernelDumpKind::TriageClassic);
  const auto offsets = [&] {
    return report_of(dump, {.folders = {folder.path()}, .module_paths = false}).kernel->offsets;
  };
  EXPECT_THAT(offsets(), testing::Not(HasSubstr("symbols")));
  folder.write(kernel.name, machine_.read_virtual(kernel.base, kernel.size));
  EXPECT_EQ(offsets(), "symbols of ntoskrnl.pdb");
  const auto report = report_of(dump, {.folders = {folder.path()}, .module_paths = false});
  for (const auto* name : {"available", "page_files", "page_file_size"}) {
    EXPECT_FALSE(counter(report, name).bytes) << name;
    EXPECT_FALSE(counter(report, name).count) << name;
    EXPECT_THAT(counter(report, name).source, IsEmpty());
  }
  const auto current = std::ranges::find(report.kernel->processes, machine_.truth().crash_process,
                                         &report::KernelProcess::address);
  ASSERT_NE(current, report.kernel->processes.end());
  EXPECT_TRUE(current->create_time);
}

TEST_P(UnknownKernel, IsAskedOfAPdbOfItsVeryBuildOnly) {
  test::PdbBuilder newer, other;
  describe_kernel(machine_, newer);
  newer.age = 2;
  auto report = report_of(machine_, newer.finish(4096));
  EXPECT_THAT(report.kernel->offsets, IsEmpty());
  EXPECT_THAT(report.diagnostics, Contains(HasSubstr("its age is not the one")));
  describe_kernel(machine_, other);
  other.guid[3] ^= 1;
  report = report_of(machine_, other.finish(4096));
  EXPECT_THAT(report.kernel->offsets, IsEmpty());
  EXPECT_FALSE(counter(report, "commit").bytes);
}

TEST_P(UnknownKernel, IsReadByAStoreOfStrippedSymbolsAsWithoutThem) {
  test::PdbBuilder stripped;
  describe_kernel(machine_, stripped);
  test::PdbBuilder none;
  stripped.types = none.make_types();
  const auto report = report_of(machine_, stripped.finish(4096));
  EXPECT_THAT(report.kernel->offsets, IsEmpty());
  EXPECT_FALSE(counter(report, "commit").bytes);
}

// What cannot be is not taken, and said.

TEST_P(UnknownKernel, HasNoFigureThatCannotBe) {
  auto machine = machine_;
  const auto& truth = machine.truth();
  test::PdbBuilder pdb;
  describe_kernel(machine, pdb);
  const auto bytes = pdb.finish(4096);
  // Vp.AvailablePages and Vp.TotalCommitLimit, by their values.
  const auto partition = truth.globals.at("MiSystemPartition");
  const auto text = machine.read_virtual(partition, 0x2d00);
  const auto patch = [&](std::uint64_t from, std::uint64_t to) {
    const auto at = text.find(test::ByteBuilder().u64(from).bytes());
    ASSERT_NE(at, std::string::npos);
    machine.patch_virtual_u64(partition + at, to);
  };
  patch(truth.memory.available, truth.memory.physical + 1);
  patch(truth.memory.shared_commit, std::uint64_t{1} << 60);
  const auto report = report_of(machine, bytes);
  EXPECT_FALSE(counter(report, "available").bytes);
  EXPECT_FALSE(counter(report, "shared_commit").bytes);
  EXPECT_TRUE(counter(report, "commit").bytes);
  EXPECT_THAT(report.diagnostics,
              Contains(AllOf(HasSubstr("MiSystemPartition.Vp.AvailablePages"),
                             HasSubstr("is not taken: available would be more than"))));
}

TEST_P(UnknownKernel, IsNotReadByOffsetsThatItsProcessesDoNotFit) {
  // The PDB of this build as it should be, and a kernel that is not: its GUID is all that fits.
  const auto usual = test::make_kernel_machine({.build = GetParam()});
  const auto report = report_of(usual, test::kernel_pdb(machine_));
  EXPECT_THAT(report.kernel->offsets, HasSubstr("table for build"));
  EXPECT_THAT(report.diagnostics,
              Contains(HasSubstr("those of ntoskrnl.pdb do not fit the processes")));
  EXPECT_EQ(report.kernel->processes.size(), usual.truth().processes.size());
}

/// Whatever is done to the PDB, a report comes of it.
TEST_P(UnknownKernel, SurvivesAPdbThatIsDamaged) {
  const auto dump = machine_.dump(KernelDumpKind::BitmapKernel);
  const auto whole = test::kernel_pdb(machine_);
  const auto expect_report = [&](std::string_view pdb) {
    const SymbolFolder folder(machine_, pdb);
    const auto report = report_of(dump, folder.paths());
    ASSERT_TRUE(report.kernel);
    EXPECT_EQ(report.kernel->bugcheck.code, 0xd1U);
  };
  for (std::size_t size = 0; size < whole.size(); size += 4096 + 511)
    expect_report(std::string_view(whole).substr(0, size));
  for (std::size_t at = 0; at < whole.size(); at += 1777) {
    auto damaged = whole;
    for (std::size_t i = at; i < std::min(at + 64, damaged.size()); ++i)
      damaged[i] = static_cast<char>(damaged[i] ^ 0x81);
    expect_report(damaged);
  }
}

INSTANTIATE_TEST_SUITE_P(All, UnknownKernel, testing::Values(19041, 26100));

/// Neither is a PDB of use without them, nor without an image that has them.
TEST(UnknownKernels, WithoutTheirHeadersHaveNoPdb) {
  auto machine = test::make_kernel_machine({.unknown_kernel = true});
  machine.patch_virtual(machine.truth().kernel_base, std::string(64, '\0'));
  const auto report = report_of(machine, test::kernel_pdb(machine));
  EXPECT_THAT(report.kernel->offsets, IsEmpty());
}

/// Of a known build symbols go before the table, though both fit.
TEST(KnownKernels, AreReadBySymbolsFirst) {
  const auto machine = test::make_kernel_machine();
  test::PdbBuilder pdb;
  describe_kernel(machine, pdb);
  const auto report = report_of(machine, pdb.finish(4096));
  EXPECT_EQ(report.kernel->offsets, "symbols of ntoskrnl.pdb");
  EXPECT_EQ(report.kernel->processes.size(), machine.truth().processes.size());
  EXPECT_EQ(report_without(machine).kernel->offsets, "table for builds 19041 to 19045");
}

}  // namespace
}  // namespace vigil::pipeline
