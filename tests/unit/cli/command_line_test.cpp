// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "base/version.h"
#include "unit/cli/cli_fixture.h"

namespace vigil::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

using CommandLine = CliTest;

TEST_F(CommandLine, PrintsItsVersion) {
  const auto output = run_vigil({"--version"});
  EXPECT_EQ(output.code, ExitCode::Ok);
  EXPECT_EQ(output.out, fmt::format("vigil {}\n", kVersion));
}

TEST_F(CommandLine, PrintsHelpForItselfAndForEachCommand) {
  const auto help = run_vigil({"--help"});
  EXPECT_EQ(help.code, ExitCode::Ok);
  EXPECT_THAT(help.out, HasSubstr("Tells what died on this machine, and why."));
  EXPECT_THAT(help.out, HasSubstr("--store FILE"));
  EXPECT_THAT(help.out, HasSubstr("List captures, oldest first (the default)"));
  EXPECT_THAT(run_vigil({"list", "--help"}).out, HasSubstr("--since TIME"));
  EXPECT_THAT(run_vigil({"show", "-h"}).out, HasSubstr("A number from vigil list, or last"));
}

TEST_F(CommandLine, TakesGlobalOptionsOnBothSidesOfTheCommand) {
  auto store = open();
  record(store, crash());
  const auto folder_name = utf8_from_path(folder);
  const auto before = run_vigil({"--data", folder_name, "--json", "list"});
  const auto after = run_vigil({"list", "--json", "--data=" + folder_name});
  EXPECT_EQ(before.code, ExitCode::Ok);
  EXPECT_EQ(before.out, after.out);
}

TEST_F(CommandLine, TakesAStoreByItsFileAndItsDumpsBesideIt) {
  auto store = open();
  finish(store, crash(), "{}");
  const auto output = run_vigil({"list", "--json", "--store", utf8_from_path(folder / "vigil.db")});
  const auto capture = nlohmann::json::parse(output.out)[0];
  EXPECT_EQ(path_from_utf8(capture["dump_file"].get<std::string>()),
            folder / "2026" / "11" / "1-Orders.exe.dmp");
}

TEST_F(CommandLine, TakesACommandThatItDoesNotShow) {
  EXPECT_EQ(run_vigil({"deliver", "--help"}).code, ExitCode::Ok);
  EXPECT_EQ(run_vigil({"--help"}).out.find("deliver"), std::string::npos);
}

struct UsageCase {
  std::vector<std::string> args;
  std::string message;
};

TEST_F(CommandLine, NamesWhatIsWrongAndWhatIsNear) {
  const std::vector<UsageCase> cases = {
      {{"shwo", "1"}, "vigil: there is no command 'shwo'; did you mean 'show'?\n"},
      {{"xyzzy"}, "vigil: there is no command 'xyzzy'\n"},
      {{"list", "--sicne", "today"},
       "vigil: list: there is no option '--sicne'; did you mean '--since'?\n"},
      {{"list", "--jsno"}, "vigil: list: there is no option '--jsno'; did you mean '--json'?\n"},
      {{"--sotre=x"}, "vigil: list: there is no option '--sotre'; did you mean '--store'?\n"},
      {{"list", "a", "b"}, "vigil: list: unexpected argument 'b'\n"},
      {{"show"}, "vigil: show: ID is required\n"},
      {{"completion", "fish"}, "vigil: completion: no script for 'fish': bash or powershell\n"},
  };
  for (const auto& [args, message] : cases) {
    const auto output = run_vigil(args);
    EXPECT_EQ(output.code, ExitCode::Usage) << message;
    EXPECT_EQ(output.out, "");
    EXPECT_EQ(output.err, message);
  }
}

TEST_F(CommandLine, NamesTheOptionWhoseValueIsWrong) {
  for (const auto& args : std::vector<std::vector<std::string>>{
           {"list", "-n", "many"}, {"list", "-n", "0"}, {"list", "-n"}, {"list", "--count=-5"}}) {
    const auto output = run_vigil(args);
    EXPECT_EQ(output.code, ExitCode::Usage);
    EXPECT_THAT(output.err, StartsWith("vigil: list: "));
    EXPECT_THAT(output.err, HasSubstr("--count"));
  }
  const auto output = run_vigil({"--color", "sometimes", "list"});
  EXPECT_EQ(output.code, ExitCode::Usage);
  EXPECT_THAT(output.err, HasSubstr("--color"));
}

TEST_F(CommandLine, DisarmsWhatWasTyped) {
  EXPECT_THAT(run_vigil({"\x1b[2J"}).err, testing::Not(HasSubstr("\x1b")));
}

TEST_F(CommandLine, ColoursOnlyOnRequestWhereThereIsNoTerminal) {
  auto store = open();
  record(store, crash());
  EXPECT_THAT(vigil({"list"}).out, testing::Not(HasSubstr("\x1b[")));
  EXPECT_THAT(vigil({"list", "--color=always"}).out, HasSubstr("\x1b[1m"));
}

}  // namespace
}  // namespace vigil::cli
