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
    write("rules.d", name, text);
  }
  /// The copy that the service keeps.
  void write_last_good(const std::string& text, const std::string& name) {
    write("last-good-rules", name, text);
  }
  static std::string rule(const std::string& name,
                          const std::string& process,
                          const std::string& more = "") {
    return "  - name: " + name + "\n    match: { process: '" + process + "' }\n    when: crash\n" +
           more;
  }

 private:
  void write(const std::string& into, const std::string& name, const std::string& text) {
    std::filesystem::create_directories(folder / into);
    std::ofstream(folder / into / name) << "schema: 1\nowner: orders\nrules:\n" << text;
  }
};

}  // namespace vigil::cli
