// SPDX-License-Identifier: Apache-2.0
#include <exception>

#include "base/exit_code.h"
#include "commands.h"
#include "console.h"

int main(int argc, char** argv) {
  const auto arguments = vigil::cli::arguments(argc, argv);
  try {
    return static_cast<int>(vigil::cli::run(arguments));
  } catch (const std::exception& exception) {
    return static_cast<int>(vigil::cli::report_internal_error(exception.what(), arguments));
  }
}
