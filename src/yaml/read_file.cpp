// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <system_error>

#include <fmt/format.h>

#include "yaml/yaml.h"

namespace vigil::yaml {
namespace {

Error from_error_code(std::error_code code, std::string_view what) {
  const bool denied = code == std::errc::permission_denied;
  return {denied ? Errc::AccessDenied : Errc::Io, fmt::format("{}: {}", what, code.message()),
          static_cast<std::uint32_t>(code.value())};
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path, std::uint64_t max_bytes) {
  namespace fs = std::filesystem;
  std::error_code code;
  const auto status = fs::status(path, code);
  if (status.type() == fs::file_type::not_found) return Error{Errc::NotFound, "no such file"};
  if (code) return from_error_code(code, "cannot be looked at");
  // A pipe or a device could block for ever.
  if (status.type() == fs::file_type::directory) return Error{Errc::Io, "is a folder, not a file"};
  if (status.type() != fs::file_type::regular) return Error{Errc::Io, "is not a regular file"};
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return Error{Errc::AccessDenied, "cannot be opened for reading"};
  // The size that the file system tells may change until the last byte is read: read one byte more
  // than allowed.
  std::string text(static_cast<std::size_t>(max_bytes) + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad()) return Error{Errc::Io, "cannot be read"};
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (text.size() > max_bytes) {
    return Error{Errc::LimitExceeded,
                 fmt::format("larger than {}, which is the limit", format_size(max_bytes))};
  }
  return text;
}

}  // namespace vigil::yaml
