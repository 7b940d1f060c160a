// SPDX-License-Identifier: Apache-2.0
// The main() of a fuzz target where there is no libFuzzer: runs it over every file of the folder
// named, and over nothing.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace fs = std::filesystem;

int main(int argc, char** argv) {
  const std::uint8_t nothing = 0;
  (void)LLVMFuzzerTestOneInput(&nothing, 0);
  std::size_t files = 0;
  if (argc > 1 && fs::is_directory(argv[1])) {
    for (const auto& entry : fs::directory_iterator(argv[1])) {
      std::ifstream file(entry.path(), std::ios::binary);
      const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
      const std::vector<std::uint8_t> input(bytes.begin(), bytes.end());
      (void)LLVMFuzzerTestOneInput(input.empty() ? &nothing : input.data(), input.size());
      ++files;
    }
  }
  std::printf("%zu files of the corpus\n", files);
  return 0;
}
