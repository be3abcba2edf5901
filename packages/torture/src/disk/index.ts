export { damageJournal, PLACES } from "./journal-damage.ts";
export { SmallDisk, smallDisksMissing } from "./small-disk.ts";
