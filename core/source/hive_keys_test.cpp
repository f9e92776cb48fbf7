#include "source/hive_keys.hpp"

#include <arrow/scalar.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

namespace bowshot {
namespace {

FileList files_of(const std::vector<std::string>& names) {
  FileList files;
  for (const std::string& name : names) files.push_back({.path = name, .display_name = name});
  return files;
}

/// The first key of `k=VALUE/x` for each value: its type, then its values.
std::string key_text(const std::vector<std::string>& values) {
  std::vector<std::string> names;
  for (const std::string& value : values) names.push_back("k=" + value + "/x.parquet");
  const auto keys = hive_keys(files_of(names));
  EXPECT_TRUE(keys) << keys.error().detail;
  if (!keys || keys->size() != 1) return "no key";
  std::string text = keys->front().type->ToString();
  for (const auto& value : keys->front().values) text += " " + value->ToString();
  return text;
}

TEST(HiveKeys, TypesFitEveryValue) {
  EXPECT_EQ(key_text({"1", "-20", "0"}), "int64 1 -20 0");
  EXPECT_EQ(key_text({"1", "01"}), "string 1 01");  // `01` is no spelling of a number that is kept
  EXPECT_EQ(key_text({"+1"}), "string +1");
  EXPECT_EQ(key_text({"-0"}), "string -0");
  EXPECT_EQ(key_text({"9223372036854775807"}), "int64 9223372036854775807");
  EXPECT_EQ(key_text({"9223372036854775808"}), "string 9223372036854775808");
  EXPECT_EQ(key_text({"1.5"}), "string 1.5");
  EXPECT_EQ(key_text({"2026-01-31", "2024-02-29"}), "date32[day] 2026-01-31 2024-02-29");
  EXPECT_EQ(key_text({"2026-01-31", "2026-02-30"}), "string 2026-01-31 2026-02-30");
  EXPECT_EQ(key_text({"2026-01-31", "1"}), "string 2026-01-31 1");
  EXPECT_EQ(key_text({""}), "string ");
}

TEST(HiveKeys, TheDefaultPartitionIsNull) {
  EXPECT_EQ(key_text({"1", "__HIVE_DEFAULT_PARTITION__"}), "int64 1 null");
  EXPECT_EQ(key_text({"__HIVE_DEFAULT_PARTITION__", "a"}), "string null a");
  EXPECT_EQ(key_text({"__HIVE_DEFAULT_PARTITION__"}), "string null");
}

TEST(HiveKeys, NamesAndValuesAreDecoded) {
  EXPECT_EQ(key_text({"a%20b", "%C3%A9", "x%2Fy", "1%3D2", "50%", "%zz"}),
            "string a b \xC3\xA9 x/y 1=2 50% %zz");
  const auto keys = hive_keys(files_of({"a%20b=1/c=x=y/z.parquet"})).value();
  ASSERT_EQ(keys.size(), 2);
  EXPECT_EQ(keys[0].name, "a b");
  EXPECT_EQ(keys[1].name, "c");
  EXPECT_EQ(keys[1].values[0]->ToString(), "x=y");
}

TEST(HiveKeys, ValuesAreUtf8AndKeysAreThereOnce) {
  EXPECT_EQ(key_text({"%FF", "a"}), "string %FF a");  // no text: as it is spelt
  EXPECT_FALSE(hive_keys(files_of({"k=\xFF/x.parquet"})));
  const auto twice = hive_keys(files_of({"k=1/j=2/k=3/x.parquet"}));
  ASSERT_FALSE(twice);
  EXPECT_NE(twice.error().detail.find("two folders of the key k"), std::string::npos);
}

TEST(HiveKeys, EveryFileHasTheSameKeys) {
  EXPECT_TRUE(hive_keys(files_of({"x.parquet", "plain/y.parquet"}))->empty());
  EXPECT_TRUE(hive_keys(files_of({"=1/x.parquet"}))->empty());
  EXPECT_TRUE(hive_keys(files_of({"a=1.parquet"}))->empty());  // a file's own name is none
  for (const char* other : {"x.parquet", "b=1/x.parquet", "a=1/b=2/x.parquet"}) {
    const auto keys = hive_keys(files_of({"a=1/x.parquet", other}));
    ASSERT_FALSE(keys) << other;
    EXPECT_EQ(keys.error().code, ErrorCode::kBadData);
    EXPECT_NE(keys.error().detail.find(other), std::string::npos);
  }
}

}  // namespace
}  // namespace bowshot
