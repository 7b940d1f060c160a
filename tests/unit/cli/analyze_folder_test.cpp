// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <fstream>
#include <string>

#include <gmock/gmock.h>

#include "support/minidump_builder.h"
#include "support/zstd_builder.h"
#include "unit/cli/cli_fixture.h"

namespace vigil::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

class AnalyzeFolder : public CliTest {
 protected:
  void write(const std::filesystem::path& name, const std::string& content) const {
    std::ofstream(folder / name, std::ios::binary) << content;
  }
  static std::string dump() {
    test::MinidumpBuilder builder;
    builder.cpu(6, 0x6a06);
    return builder.finish();
  }
  [[nodiscard]] Output analyze(std::vector<std::string> more = {}) const {
    std::vector<std::string> args = {"analyze", utf8_from_path(folder), "--symbol-cache", "none"};
    args.insert(args.end(), more.begin(), more.end());
    return run_vigil(args);
  }
};

TEST_F(AnalyzeFolder, TellsOfEachDumpByNameAndCountsSignatures) {
  write("b.dmp", dump());
  write("a.DMP", dump());
  write("readme.txt", "no dump");
  const auto output = analyze();
  EXPECT_EQ(output.out.find("readme"), std::string::npos);
  EXPECT_LT(output.out.find("a.DMP"), output.out.find("b.dmp"));
  EXPECT_THAT(output.out, HasSubstr("    2  (no stack)"));
  EXPECT_THAT(output.err, HasSubstr("2 dumps analyzed"));
}

TEST_F(AnalyzeFolder, IsOneJsonArrayWithReportsAndErrors) {
  write("a.dmp", dump());
  write("b.dmp", "not a dump");
  const auto output = analyze({"--json"});
  EXPECT_EQ(output.code, ExitCode::Partial);
  const auto json = nlohmann::json::parse(output.out);
  ASSERT_EQ(json.size(), 2u);
  EXPECT_EQ(json[0]["file"], "a.dmp");
  EXPECT_EQ(json[0]["report"]["schema_version"], 1);
  EXPECT_EQ(json[1]["file"], "b.dmp");
  EXPECT_FALSE(json[1]["error"]["message"].get<std::string>().empty());
}

TEST_F(AnalyzeFolder, TakesNoSamples) {
  write("a.dmp", dump());
  const auto output = analyze({"--sample", utf8_from_path(folder / "a.dmp")});
  EXPECT_EQ(output.code, ExitCode::Usage);
  EXPECT_THAT(output.err, HasSubstr("--sample goes with one dump"));
}

TEST_F(AnalyzeFolder, IsNotNeededForSamplesOfOneDump) {
  write("a.dmp", dump());
  write("b.dmp", dump());
  const auto output = run_vigil({"analyze", utf8_from_path(folder / "a.dmp"), "--symbol-cache",
                                 "none", "--json", "--sample", utf8_from_path(folder / "b.dmp"),
                                 "--sample", utf8_from_path(folder / "none.dmp")});
  EXPECT_EQ(output.code, ExitCode::Partial);
  const auto json = nlohmann::json::parse(output.out);
  EXPECT_EQ(json["samples"]["count"], 2);
  EXPECT_THAT(json["diagnostics"].dump(), HasSubstr("none.dmp is not used"));
}

/// Half of what tests leave free holds it, and it is more than the service's sandbox allows.
TEST_F(AnalyzeFolder, UnpacksALargeDumpThatIsCompressedInOnePiece) {
  constexpr std::size_t kLarge = (std::size_t{128} << 20) + 4096;
  auto content = dump();
  content.resize(kLarge, '\0');
  write("a.dmp.zst", test::zstd_frame(content));
  const auto json = nlohmann::json::parse(analyze({"--json"}).out);
  EXPECT_EQ(json[0]["report"]["dump"]["bytes"], kLarge);
  EXPECT_THAT(json[0]["report"]["diagnostics"].dump(), Not(HasSubstr("limit")));
}

TEST_F(AnalyzeFolder, WithoutDumpsIsAnErrorInJsonToo) {
  const auto json = nlohmann::json::parse(analyze({"--json"}).out);
  EXPECT_THAT(json["error"]["message"].get<std::string>(), HasSubstr("holds no dump"));
}

TEST_F(AnalyzeFolder, WithoutDumpsIsNotFound) {
  const auto output = analyze();
  EXPECT_EQ(output.code, ExitCode::NotFound);
  EXPECT_THAT(output.err, HasSubstr("holds no dump"));
}

TEST_F(AnalyzeFolder, WithoutDumpsHasNothingToFetchFor) {
  const auto output =
      run_vigil({"symbols", "fetch", utf8_from_path(folder), "-y", "srv*s*https://localhost"});
  EXPECT_EQ(output.code, ExitCode::NotFound);
  EXPECT_THAT(output.err, HasSubstr("holds no dump"));
}

TEST_F(AnalyzeFolder, SaysWhichSymbolPathsLeadNowhere) {
  write("a.dmp", dump());
  const auto output = analyze(
      {"-y", "no such folder", "-y", "srv*https://symbols.example", "-y", utf8_from_path(folder)});
  EXPECT_THAT(output.err, HasSubstr("--symbols: no folder no such folder\n"));
  EXPECT_THAT(output.err, HasSubstr("nothing is fetched from https://symbols.example"));
  EXPECT_EQ(output.err.find(utf8_from_path(folder)), std::string::npos);
}

#ifndef _WIN32
/// The variable was set for other programs, which may know more forms.
TEST_F(AnalyzeFolder, GoesOnWithoutASymbolPathOfTheEnvironmentThatItCannotRead) {
  write("a.dmp", dump());
  const auto without = analyze();
  ASSERT_EQ(::setenv("_NT_SYMBOL_PATH", "unheard*of*x", 1), 0);  // NOLINT(concurrency-mt-unsafe)
  const auto output = analyze();
  const auto overruled = analyze({"-y", utf8_from_path(folder)});
  ::unsetenv("_NT_SYMBOL_PATH");  // NOLINT(concurrency-mt-unsafe)
  EXPECT_EQ(output.code, without.code);
  EXPECT_EQ(output.out, without.out);
  EXPECT_THAT(output.err, HasSubstr("_NT_SYMBOL_PATH is left out"));
  EXPECT_EQ(overruled.err.find("_NT_SYMBOL_PATH"), std::string::npos);
}

TEST_F(AnalyzeFolder, KeepsANameInOneLine) {
  write("a\nb\x1b[31m.dmp", dump());
  const auto output = analyze();
  EXPECT_EQ(output.out.find("\nb"), std::string::npos);
  EXPECT_EQ(output.out.find('\x1b'), std::string::npos);
}

TEST_F(AnalyzeFolder, ReplacesWhatIsNoUtf8InAName) {
  write("a\xff.dmp", dump());
  for (const auto* form : {"--json", "--utc"}) {
    const auto output = analyze({form});
    EXPECT_THAT(output.out, HasSubstr(".dmp"));
    EXPECT_EQ(output.out.find('\xff'), std::string::npos);
  }
}
#endif

TEST_F(AnalyzeFolder, RefusesASymbolPathThatMakesNoSense) {
  write("a.dmp", dump());
  const auto output = analyze({"--symbols", "svr*https://symbols.example.com"});
  EXPECT_EQ(output.code, ExitCode::Usage);
  EXPECT_THAT(output.err, HasSubstr("'svr*"));
}

}  // namespace
}  // namespace vigil::cli
