// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>

#include "unit/cli/cli_fixture.h"

namespace vigil::cli {

/// Runs `vigil rules` over rule files of its own.
class RulesCommand : public CliTest {
 protected:
  void write_rules(const std::string& text, const std::string& name = "orders.yaml") {
    std::filesystem::create_directories(folder / "rules.d");
    std::ofstream(folder / "rules.d" / name) << "schema: 1\nowner: orders\nrules:\n" << text;
  }
  static std::string rule(const std::string& name,
                          const std::string& process,
                          const std::string& more = "") {
    return "  - name: " + name + "\n    match: { process: '" + process + "' }\n    when: crash\n" +
           more;
  }
};

}  // namespace vigil::cli
