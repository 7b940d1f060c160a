// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gmock/gmock.h>

#include "support/kernel_machine.h"
#include "unit/cli/cli_fixture.h"
#include "unit/kerneldump/made_header.h"

namespace vigil::cli {
namespace {

using testing::HasSubstr;

class Kernel : public CliTest {
 protected:
  std::string write(const std::string& bytes) {
    const auto file = folder / "MEMORY.DMP";
    std::ofstream(file, std::ios::binary) << bytes;
    return utf8_from_path(file);
  }
  std::string header_only() { return write(std::string(kerneldump::made_header64(3).bytes())); }
};

TEST_F(Kernel, PrintsThePartThatIsAskedFor) {
  const auto output = vigil({"kernel", header_only(), "--bugcheck"});
  EXPECT_EQ(output.code, ExitCode::Partial);
  EXPECT_THAT(output.out, HasSubstr("Bugcheck      0x000000d1 DRIVER_IRQL_NOT_LESS_OR_EQUAL"));
  EXPECT_THAT(output.out, HasSubstr("Parameter 4   0xfffff800a56d1ae9"));
  EXPECT_THAT(output.out, testing::Not(HasSubstr("processes")));
}

TEST_F(Kernel, GivesOneJsonObject) {
  const auto json = vigil_json({"kernel", header_only(), "--bugcheck", "--vm"});
  EXPECT_EQ(json["bugcheck"]["code"], "0x000000d1");
  EXPECT_EQ(json["counters"][0]["name"], "physical_total");
  EXPECT_FALSE(json["counters"][0].contains("bytes"));
  EXPECT_FALSE(json.contains("threads"));
  EXPECT_FALSE(json.contains("blame"));
}

TEST_F(Kernel, HasTheSameFiguresInWordsAndInJson) {
  const auto file = write(test::make_kernel_machine().dump(test::KernelDumpKind::BitmapKernel));
  const auto output = vigil({"kernel", file, "--vm"});
  const auto json = vigil_json({"kernel", file, "--vm"});
  EXPECT_EQ(std::ranges::count(output.out, '\n'), std::ssize(json["counters"]) + 1) << output.out;
  EXPECT_THAT(output.out, HasSubstr("with the kernel's PDB (--symbols) more figures"));
  EXPECT_THAT(output.out, HasSubstr("page files, size of"));
  EXPECT_THAT(output.out, HasSubstr("page files, free"));
  EXPECT_THAT(output.out, testing::Not(HasSubstr("page_file")));
}

TEST_F(Kernel, TakesASoundSmallDumpForWhole) {
  const auto machine = test::make_kernel_machine();
  for (const auto kind :
       {test::KernelDumpKind::TriageClassic, test::KernelDumpKind::TriageKernelGenerated}) {
    const auto output = vigil({"kernel", write(machine.dump(kind)), "--bugcheck"});
    EXPECT_EQ(output.code, ExitCode::Ok) << output.err;
    EXPECT_THAT(output.out, HasSubstr("badnet.sys"));
  }
}

TEST_F(Kernel, PrintsTheEnvironmentOfWhatWasRunning) {
  const auto file = write(test::make_kernel_machine().dump(test::KernelDumpKind::Full));
  const auto output = vigil({"kernel", file, "--peb", "--teb"});
  EXPECT_EQ(output.code, ExitCode::Ok);
  EXPECT_THAT(output.out, HasSubstr("Process environment block at"));
  EXPECT_THAT(output.out, HasSubstr("Thread environment block at"));
  EXPECT_EQ(vigil_json({"kernel", file, "--teb"})["teb"]["last_error"], 997);
}

/// A kernel that no table knows, and its PDB in a folder of symbols.
TEST_F(Kernel, CountsTheMemoryBySymbols) {
  const auto machine = test::make_kernel_machine({.unknown_kernel = true});
  const auto file = write(machine.dump(test::KernelDumpKind::BitmapKernel));
  EXPECT_TRUE(vigil_json({"kernel", file, "--processes"})["processes"].empty());
  std::filesystem::create_directory(folder / "symbols");
  std::ofstream(folder / "symbols" / "ntoskrnl.pdb", std::ios::binary) << test::kernel_pdb(machine);
  const auto symbols = utf8_from_path(folder / "symbols");
  const auto output = vigil({"kernel", file, "--vm", "--symbols", symbols});
  EXPECT_EQ(output.code, ExitCode::Ok) << output.err;
  EXPECT_THAT(output.out, HasSubstr("MiSystemPartition.Vp.TotalCommitLimit by symbols"));
  const auto json = vigil_json({"kernel", file, "--vm", "--processes", "--symbols", symbols});
  EXPECT_EQ(json["processes"][0]["image"], "System");
  for (const auto& counter : json["counters"]) {
    if (counter["name"] != "available") continue;
    EXPECT_EQ(counter["bytes"], machine.truth().memory.available * 4096);
    EXPECT_EQ(counter["source"], "MiSystemPartition.Vp.AvailablePages by symbols");
  }
  EXPECT_EQ(vigil_json({"analyze", file, "--symbols", symbols})["kernel"]["offsets"],
            "symbols of ntoskrnl.pdb");
}

TEST_F(Kernel, SaysWhyAPartIsEmpty) {
  const auto whole = test::make_kernel_machine().dump(test::KernelDumpKind::BitmapKernel);
  const auto file = write(whole.substr(0, 0x2040));
  for (const std::string part : {"--processes", "--threads", "--modules", "--processors"}) {
    const auto output = vigil({"kernel", file, part});
    EXPECT_EQ(output.code, ExitCode::Partial);
    EXPECT_THAT(output.out, HasSubstr("could be read in this dump")) << part;
    EXPECT_THAT(output.err, HasSubstr("vigil: partial, with ")) << part;
    EXPECT_THAT(output.err, HasSubstr("it is cut off")) << part;
  }
  const auto json = vigil_json({"kernel", file, "--processes"});
  EXPECT_EQ(json["status"], "partial");
  EXPECT_THAT(json["diagnostics"].dump(), HasSubstr("it is cut off"));
}

TEST_F(Kernel, SaysNothingMoreOfAWholeDump) {
  const auto file = write(test::make_kernel_machine().dump(test::KernelDumpKind::BitmapKernel));
  const auto output = vigil({"kernel", file, "--processes"});
  EXPECT_EQ(output.code, ExitCode::Ok);
  EXPECT_EQ(output.err, "");
  const auto json = vigil_json({"kernel", file, "--processes"});
  EXPECT_EQ(json["status"], "ok");
  EXPECT_FALSE(json.contains("diagnostics"));
}

/// What analyze --json has printed has it all.
TEST_F(Kernel, TakesAReportAsAnalyzePrintsIt) {
  const auto dump = write(test::make_kernel_machine().dump(test::KernelDumpKind::TriageClassic));
  const auto file = folder / "report.json";
  std::ofstream(file, std::ios::binary) << vigil({"analyze", "--json", dump}).out;
  const auto report = utf8_from_path(file);
  const auto output = vigil({"kernel", report, "--bugcheck"});
  EXPECT_EQ(output.code, ExitCode::Ok) << output.err;
  EXPECT_EQ(output.out, vigil({"kernel", dump, "--bugcheck"}).out);
  std::ofstream(file, std::ios::binary) << R"({"schema_version": 1, "status": "ok"})";
  const auto other = vigil({"kernel", report, "--bugcheck"});
  EXPECT_EQ(other.code, ExitCode::Failed);
  EXPECT_THAT(other.err, HasSubstr("is of a process, and not of a machine"));
  EXPECT_THAT(other.err, HasSubstr("is a report already"));
}

TEST_F(Kernel, RefusesWhatIsNoKernelDump) {
  EXPECT_EQ(vigil({"kernel", utf8_from_path(folder / "none.dmp")}).code, ExitCode::NotFound);
  const auto blank = vigil({"kernel", write(std::string(20'000, '\0'))});
  EXPECT_EQ(blank.code, ExitCode::Failed);
  EXPECT_THAT(blank.err, HasSubstr("zeros"));
}

}  // namespace
}  // namespace vigil::cli
