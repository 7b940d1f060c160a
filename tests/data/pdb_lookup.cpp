// SPDX-License-Identifier: Apache-2.0
// pdb_lookup FILE.pdb: reads RVAs in hex from standard input, and prints for each its places
// (function, file and line, with tabs between, the innermost first) and an empty line. pdb_lookup
// --frames FILE.pdb: prints the frame data instead, one line each.
#include <cstdio>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/utf.h"
#include "pdb/pdb.h"
#include "platform/platform.h"

namespace vigil {
namespace {

void print_places(pdb::Pdb& pdb, std::uint32_t rva) {
  if (const auto location = pdb.locate(rva)) {
    for (const auto& place : location->places) {
      fmt::print("{}\t{}\t{}\n", place.function, place.file, place.line);
    }
  }
  fmt::print("\n");
}

void print_frame(pdb::Pdb& pdb, std::uint32_t rva) {
  if (const auto frame = pdb.frame_data(rva)) {
    fmt::print("{:x}\t{}\t{}\t{}\t{}\t{}\t{}\n", frame->rva, frame->size, frame->locals,
               frame->params, frame->prologue, frame->saved_registers, frame->program);
  } else {
    fmt::print("\n");
  }
}

int run(int argc, char** argv) {
  const bool frames = argc == 3 && std::string_view(argv[1]) == "--frames";
  if (argc != (frames ? 3 : 2)) {
    fmt::print(stderr, "usage: pdb_lookup [--frames] FILE.pdb <RVAS\n");
    return 2;
  }
  const auto file = platform::MappedFile::open(path_from_utf8(argv[argc - 1]));
  if (!file.ok()) {
    fmt::print(stderr, "{}\n", file.error().message());
    return 1;
  }
  auto pdb = pdb::Pdb::open(**file);
  if (!pdb.ok()) {
    fmt::print(stderr, "{}\n", pdb.error().message());
    return 1;
  }
  unsigned int rva = 0;
  while (std::scanf("%x", &rva) == 1) {
    if (frames) {
      print_frame(*pdb, rva);
    } else {
      print_places(*pdb, rva);
    }
  }
  for (const auto& note : pdb->diagnostics().notes()) fmt::print(stderr, "{}\n", note);
  return 0;
}

}  // namespace
}  // namespace vigil

int main(int argc, char** argv) {
  return vigil::run(argc, argv);
}
