// SPDX-License-Identifier: Apache-2.0
// process_counts NAME
//
// For each process of this name a line: its id, its handles, its private bytes. What
// tests/e2e/soak.py asks.
#include <cstdio>
#include <string_view>

#include <fmt/format.h>

#include "platform/win/process_table.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  vigil::platform::ProcessTable table;
  const auto rows = table.read();
  if (!rows.ok()) {
    fmt::print(stderr, "{}\n", rows.error().message());
    return 1;
  }
  for (const auto& row : *rows) {
    if (row.name() == std::string_view(argv[1]))
      fmt::print("{} {} {}\n", row.key.pid.value, row.handles, row.private_bytes);
  }
  return 0;
}
