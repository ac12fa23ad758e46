package timelib

// reZone are the abbreviations of time zones that timelib knows.
const reZone = `(?:` +
	`aktst|almst|anast|aqtst|ashst|azomt|azost|bakst|beaut|chadt|chast|chost|ckhst|dusst|easst|frust|hovst|irkst|kizst|krast|` +
	`kuyst|madmt|madst|magst|malst|novst|omsst|orast|petst|qyzst|sakst|samst|shest|svest|tasst|tbist|ulast|urast|uyhst|vlast|` +
	`volst|warst|yakst|yekst|yerst|acst|addt|ahdt|ahst|akdt|akst|aktt|almt|amst|anat|aqtt|arst|asht|azot|azst|bakt|bdst|beat|` +
	`bort|bost|brst|burt|cant|capt|cast|cawt|cddt|cemt|cest|cgst|chat|chdt|chot|chst|clst|cost|cvst|cwst|dact|davt|ddut|dust|` +
	`east|eddt|eest|egst|ehdt|fjst|fkst|fnst|fort|frut|galt|gamt|gbgt|gest|ghst|hadt|hast|hkst|hovt|iddt|ihst|irdt|irkt|irst|` +
	`isst|javt|kart|kast|kgst|kizt|kost|krat|kuyt|kwat|lhst|lint|lont|madt|magt|malt|mart|mawt|mddt|mdst|mest|most|ncst|nddt|` +
	`negt|nest|novt|nzdt|nzmt|nzst|omst|orat|pddt|pest|pett|phot|phst|pkst|pmdt|pmst|pyst|qyzt|rott|sakt|samt|sast|shet|slst|` +
	`stat|svet|syot|taht|tast|tbit|tost|trst|tsat|ulat|urat|urut|uyst|uzst|vlat|volt|vost|vust|wart|wast|wemt|west|wgst|yakt|` +
	`yddt|yekt|yert|act|adt|aft|amt|ant|apt|art|ast|awt|azt|bdt|bmt|bnt|bot|brt|bst|btt|cat|cdt|cet|cgt|cit|cjt|ckt|clt|cot|` +
	`cpt|cst|cvt|cwt|eat|ect|edt|eet|egt|eit|ept|est|ewt|fjt|fkt|fnt|get|gft|gmt|gst|gyt|hdt|hkt|hpt|hst|hwt|ict|idt|iot|ist|` +
	`jdt|jst|kdt|kgt|kmt|kst|lkt|lrt|lst|mdt|met|mht|mmt|mot|mpt|msd|msk|mst|mut|mvt|mwt|myt|nct|ndt|net|nft|npt|nrt|nst|nut|` +
	`nwt|pdt|pet|pht|pkt|pmt|ppt|pst|pwt|pyt|ret|rmt|sbt|sct|sgt|smt|srt|sst|tft|tjt|tlt|tmt|tot|trt|utc|uyt|uzt|vet|vut|wat|` +
	`wet|wgt|wit|wst|ydt|ypt|yst|ywt|zzz|a|b|c|d|e|f|g|h|i|k|l|m|n|o|p|q|r|s|t|u|v|w|x|y|z)`
