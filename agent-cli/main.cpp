// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <exception>

#include "base/exit_code.h"
#include "commands.h"
#include "console.h"

int main(int argc, char** argv) {
  try {
    return static_cast<int>(vigil::cli::run(vigil::cli::arguments(argc, argv)));
  } catch (const std::exception& exception) {
    std::fprintf(stderr, "vigil: internal error: %s\n", exception.what());
    return static_cast<int>(vigil::ExitCode::Failed);
  }
}
