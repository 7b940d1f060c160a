// SPDX-License-Identifier: Apache-2.0
#include "fetch/identity.h"

#include <string>

#include <fmt/format.h>

#include "base/utf.h"
#include "breakpad/breakpad.h"
#include "image/image.h"
#include "pdb/pdb.h"
#include "platform/platform.h"

namespace vigil::fetch {
namespace {

Result<std::string> id_of_pdb(platform::MappedFile& file) {
  VIGIL_TRY_ASSIGN(const auto pdb, pdb::Pdb::open(file));
  return pdb::debug_id(pdb.identity());
}

Result<std::string> id_of_sym(const platform::MappedFile& file) {
  VIGIL_TRY_ASSIGN(const auto record, breakpad::read_module_record(file.bytes()));
  return std::string(record.debug_id);
}

Result<std::string> id_of_image(platform::MappedFile& file) {
  VIGIL_TRY_ASSIGN(const auto image, image::PeImage::open(file, image::Layout::File));
  const auto& header = image.header();
  return fmt::format("{:08X}{:x}", header.timestamp, header.size_of_image);
}

}  // namespace

Status check_identity(const std::filesystem::path& path, Kind kind, bool sym, std::string_view id) {
  VIGIL_TRY_ASSIGN(const auto file, platform::MappedFile::open(path));
  auto found = sym ? id_of_sym(*file) : kind == Kind::Image ? id_of_image(*file) : id_of_pdb(*file);
  if (!found.ok()) return std::move(found).take_error();
  if (ascii_lower(*found) == ascii_lower(id)) return {};
  return Error{Errc::Malformed, fmt::format("it is another build: {}", printable_utf8(*found))};
}

}  // namespace vigil::fetch
