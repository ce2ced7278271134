# Why a crossing went as it did: to the traveler, to the officer, and what to do next. The traveler's text is shown
# large in place of a hint: short, kind, one thing to do.

reason-FACE_MATCHED_CHIP-traveler = ありがとうございました。よいご旅行を
reason-FACE_MATCHED_CHIP-officer = カメラの顔が IC チップの顔写真と一致しました。
reason-FACE_MATCHED_CHIP-remedy = 対応は不要です。

reason-FACE_MATCHED_ENROLLMENT-traveler = ありがとうございました。よいご旅行を
reason-FACE_MATCHED_ENROLLMENT-officer = カメラの顔が旅行者の登録と一致しました。
reason-FACE_MATCHED_ENROLLMENT-remedy = 対応は不要です。

reason-FINGER_MATCHED_ENROLLMENT-traveler = ありがとうございました。よいご旅行を
reason-FINGER_MATCHED_ENROLLMENT-officer = 読み取った指が旅行者の登録と一致しました。
reason-FINGER_MATCHED_ENROLLMENT-remedy = 対応は不要です。

reason-OFFICER_ACCEPTED-traveler = ありがとうございました。よいご旅行を
reason-OFFICER_ACCEPTED-officer = 係員がこの通過を許可しました。
reason-OFFICER_ACCEPTED-remedy = 対応は不要です。係員名と理由は記録されています。

reason-OFFICER_REFUSED-traveler = 窓口の係員にお声がけください
reason-OFFICER_REFUSED-officer = 係員がこの通過を認めませんでした。
reason-OFFICER_REFUSED-remedy = 窓口で旅行者と対面し、手続きを続けてください。

reason-DOCUMENT_UNREADABLE-traveler = 平らに置いて、もう一度お試しください
reason-DOCUMENT_UNREADABLE-officer = 読み取り機が書類を検出しましたが、読み取れませんでした。
reason-DOCUMENT_UNREADABLE-remedy = カバーを外して、もう一度提示するよう案内してください。

reason-READER_UNAVAILABLE-traveler = ほかのゲートをご利用ください
reason-READER_UNAVAILABLE-officer = 書類の読み取り機が応答しません。
reason-READER_UNAVAILABLE-remedy = ケーブルと電源を確認してください。応答しない場合は、ゲートを閉鎖して技術者に連絡してください。

reason-MRZ_UNREADABLE-traveler = 顔写真のページを開いて置いてください
reason-MRZ_UNREADABLE-officer = ページに機械読取領域が見つかりませんでした。
reason-MRZ_UNREADABLE-remedy = 顔写真のページを平らに置き、印字行に汚れや覆いがないことを確認してください。

reason-MRZ_CHECK_DIGIT_WRONG-traveler = 平らに置いて、もう一度お試しください
reason-MRZ_CHECK_DIGIT_WRONG-officer = 機械読取領域のチェックディジットが正しくありません。
reason-MRZ_CHECK_DIGIT_WRONG-remedy = もう一度提示するよう案内してください。それでも正しくない場合は、印字行に改変がないか調べてください。

reason-CHIP_NOT_RESPONDING-traveler = 書類をそのまま置いておいてください
reason-CHIP_NOT_RESPONDING-officer = 読み取りの途中で IC チップの応答がなくなりました。
reason-CHIP_NOT_RESPONDING-remedy = もう一度提示し、動かさないよう案内してください。再び失敗した場合は、目視で審査してください。

reason-CHIP_ACCESS_DENIED-traveler = 係員が書類を確認いたします
reason-CHIP_ACCESS_DENIED-officer = IC チップが、機械読取領域から導いた鍵を受け付けませんでした。
reason-CHIP_ACCESS_DENIED-remedy = 印字行と身分事項ページを照合し、窓口で読み取り直してください。

reason-CHIP_PROTOCOL_ERROR-traveler = 係員が書類を確認いたします
reason-CHIP_PROTOCOL_ERROR-officer = IC チップの応答が ICAO Doc 9303 の規定と異なります。
reason-CHIP_PROTOCOL_ERROR-remedy = 書類を目視で審査し、発行国と種類を技術者に伝えてください。

reason-PACE_FAILED-traveler = 係員が書類を確認いたします
reason-PACE_FAILED-officer = 規則が求める PACE で IC チップを開けませんでした。鍵の誤りが原因ではありません。
reason-PACE_FAILED-remedy = 窓口で読み取り直してください。PACE が再び失敗した場合は、目視で審査してください。規則により BAC での代用はできません。

reason-CHIP_DATA_REFUSED-traveler = 係員が書類を確認いたします
reason-CHIP_DATA_REFUSED-officer = IC チップが、通過に必要なデータ（DG2 の顔写真など）の提供を拒みました。
reason-CHIP_DATA_REFUSED-remedy = 書類を目視で審査し、発行国と種類を技術者に伝えてください。

reason-CHIP_AUTHENTICATION_FAILED-traveler = 係員が書類を確認いたします
reason-CHIP_AUTHENTICATION_FAILED-officer = チップ認証に失敗しました。発行時の鍵を持たない IC チップで、複製の可能性があります。
reason-CHIP_AUTHENTICATION_FAILED-remedy = IC チップを信頼せず、複製の疑いがある書類として二次審査に回してください。

reason-ACTIVE_AUTHENTICATION_FAILED-traveler = 係員が書類を確認いたします
reason-ACTIVE_AUTHENTICATION_FAILED-officer = 能動認証に失敗しました。発行時の鍵を持たない IC チップで、複製の可能性があります。
reason-ACTIVE_AUTHENTICATION_FAILED-remedy = IC チップを信頼せず、複製の疑いがある書類として二次審査に回してください。

reason-CHIP_NOT_PROVEN_GENUINE-traveler = 係員が書類を確認いたします
reason-CHIP_NOT_PROVEN_GENUINE-officer = 署名されたデータまたは規則が求めているのに、IC チップが発行時のものであることを証明していません。
reason-CHIP_NOT_PROVEN_GENUINE-remedy = IC チップの複製や差し替えがないか目視で審査して判断してください。

reason-CHIP_MRZ_MISMATCH-traveler = 係員が書類を確認いたします
reason-CHIP_MRZ_MISMATCH-officer = IC チップのデータ（DG1）が、印字された機械読取領域と異なります。
reason-CHIP_MRZ_MISMATCH-remedy = 二次審査が済むまで、この書類を信頼しないでください。

reason-CHIP_PORTRAIT_UNUSABLE-traveler = 係員がお写真を確認いたします
reason-CHIP_PORTRAIT_UNUSABLE-officer = IC チップの顔写真（DG2）を復号できないか、照合に使える顔がありません。
reason-CHIP_PORTRAIT_UNUSABLE-remedy = 旅行者を印刷された顔写真と見比べて判断してください。

reason-PA_HASH_MISMATCH-traveler = 係員が書類を確認いたします
reason-PA_HASH_MISMATCH-officer = IC チップのデータグループが発行者の署名した内容と異なります（ハッシュ値の不一致）。
reason-PA_HASH_MISMATCH-remedy = IC チップを信頼せず、書類を二次審査に回してください。

reason-PA_SIGNATURE_INVALID-traveler = 係員が書類を確認いたします
reason-PA_SIGNATURE_INVALID-officer = IC チップのデータの署名（EF.SOD）を検証できませんでした。
reason-PA_SIGNATURE_INVALID-remedy = IC チップを信頼せず、書類を二次審査に回してください。

reason-PA_CSCA_UNKNOWN-traveler = 係員が書類を確認いたします
reason-PA_CSCA_UNKNOWN-officer = この書類の署名者を裏付ける、信頼できる国の証明書（CSCA）がありません。
reason-PA_CSCA_UNKNOWN-remedy = 書類を目視で審査し、この発行国の証明書が登録されているか確認を依頼してください。

reason-PA_SIGNER_EXPIRED-traveler = 係員が書類を確認いたします
reason-PA_SIGNER_EXPIRED-officer = 書類の署名者の証明書が有効期間外です。
reason-PA_SIGNER_EXPIRED-remedy = 書類を目視で審査して判断してください。

reason-PA_SIGNER_REVOKED-traveler = 係員が書類を確認いたします
reason-PA_SIGNER_REVOKED-officer = 書類の署名者の証明書が失効しています。
reason-PA_SIGNER_REVOKED-remedy = IC チップの署名を信頼せず、書類を目視で審査し、疑わしい場合は発行国に照会してください。

reason-PA_COUNTRY_MISMATCH-traveler = 係員が書類を確認いたします
reason-PA_COUNTRY_MISMATCH-officer = 書類に署名した国が、書類の発行国と異なります。
reason-PA_COUNTRY_MISMATCH-remedy = IC チップを信頼せず、書類を二次審査に回してください。

reason-PA_DOCUMENT_TYPE_MISMATCH-traveler = 係員が書類を確認いたします
reason-PA_DOCUMENT_TYPE_MISMATCH-officer = 書類の署名者には、この種類の書類に署名する権限がありません。
reason-PA_DOCUMENT_TYPE_MISMATCH-remedy = 書類を目視で審査して判断してください。

reason-PA_MALFORMED-traveler = 係員が書類を確認いたします
reason-PA_MALFORMED-officer = IC チップのセキュリティオブジェクト（EF.SOD）が ICAO Doc 9303-10 の規定に合っていません。
reason-PA_MALFORMED-remedy = IC チップを信頼せず、書類を二次審査に回してください。

reason-DOCUMENT_EXPIRED-traveler = 有効期限が過ぎています。係員がご案内します
reason-DOCUMENT_EXPIRED-officer = 書類の有効期限が過ぎています。
reason-DOCUMENT_EXPIRED-remedy = 期限を目視で確認し、期限切れ書類の規定に従って判断してください。

reason-DOCUMENT_TYPE_NOT_ADMITTED-traveler = この書類は窓口で確認いたします
reason-DOCUMENT_TYPE_NOT_ADMITTED-officer = このゲートの規則では、この種類の書類を受け付けていません。
reason-DOCUMENT_TYPE_NOT_ADMITTED-remedy = 窓口で手続きを行ってください。

reason-ISSUER_NOT_ADMITTED-traveler = この書類は窓口で確認いたします
reason-ISSUER_NOT_ADMITTED-officer = このゲートの規則では、この発行国の書類を受け付けていません。
reason-ISSUER_NOT_ADMITTED-remedy = 窓口で手続きを行ってください。

reason-AGE_BELOW_MINIMUM-traveler = お子さまは窓口でご案内します
reason-AGE_BELOW_MINIMUM-officer = 旅行者の年齢が、このゲートの規則で定める下限に達していません。
reason-AGE_BELOW_MINIMUM-remedy = 同伴の大人とともに、窓口で手続きを行ってください。

reason-AGE_UNKNOWN-traveler = 係員がご案内します
reason-AGE_UNKNOWN-officer = 生年月日が不明または不完全なため、年齢を確認できません。
reason-AGE_UNKNOWN-remedy = 身分事項ページで年齢を確認し、窓口で手続きを行ってください。

reason-CARD_UNKNOWN-traveler = カードを確認できません。係員がご案内します
reason-CARD_UNKNOWN-officer = このゲートが把握している登録に、このカードはありません。
reason-CARD_UNKNOWN-remedy = 登録サービスでカードを照会してください。新しいカードは次の同期でゲートに届きます。

reason-ENROLLMENT_SUSPENDED-traveler = カードは一時停止中です。係員がご案内します
reason-ENROLLMENT_SUSPENDED-officer = 旅行者の登録は停止されています。
reason-ENROLLMENT_SUSPENDED-remedy = 登録サービスで理由を確認し、渡航文書で手続きを行ってください。

reason-ENROLLMENT_EXPIRED-traveler = ご登録の期限が過ぎました。係員がご案内します
reason-ENROLLMENT_EXPIRED-officer = 旅行者の登録は期限切れです。
reason-ENROLLMENT_EXPIRED-remedy = 渡航文書で手続きを行い、更新を案内してください。

reason-ENROLLMENT_REVOKED-traveler = 登録の更新が必要です。係員がご案内します
reason-ENROLLMENT_REVOKED-officer = この登録のコードは失効しており、照合できるものがありません。
reason-ENROLLMENT_REVOKED-remedy = 渡航文書で手続きを行い、その後、登録窓口で顔または指を取り直してください。

reason-FACTOR_NOT_ENROLLED-traveler = カードの登録が足りません。係員がご案内します
reason-FACTOR_NOT_ENROLLED-officer = この場所で求められる顔も指も登録されていません。
reason-FACTOR_NOT_ENROLLED-remedy = 渡航文書で手続きを行い、顔または指の登録を勧めてください。

reason-CONSENT_ENDED-traveler = 同意の期限が過ぎました。係員がご案内します
reason-CONSENT_ENDED-officer = 旅行者の顔または指の照合への同意は、終了したか取り消されました。
reason-CONSENT_ENDED-remedy = 渡航文書で手続きを行ってください。希望があれば、登録窓口で改めて同意を得られます。

reason-ENROLLMENT_CACHE_STALE-traveler = ただいまカードを使えません。係員がご案内します
reason-ENROLLMENT_CACHE_STALE-officer = 規則で許された時間を超えて、ゲートが登録サービスから切り離されています。
reason-ENROLLMENT_CACHE_STALE-remedy = 渡航文書で手続きを行い、登録サービスとの接続の復旧を依頼してください。

reason-STORE_CORRUPT-traveler = ゲートに不具合があります。係員がご案内します
reason-STORE_CORRUPT-officer = ゲートのキャッシュの記録を開けません。破損しているか、別の鍵で封印されています。
reason-STORE_CORRUPT-remedy = 渡航文書で手続きを行い、技術者にキャッシュの再構築を依頼してください。

reason-FACE_NOT_FOUND-traveler = カメラを見てください
reason-FACE_NOT_FOUND-officer = カメラに顔が映っていません。
reason-FACE_NOT_FOUND-remedy = 目印の位置に立ち、カメラに顔を向けて、顔を覆わないよう案内してください。

reason-FACE_MULTIPLE-traveler = お一人ずつお願いいたします
reason-FACE_MULTIPLE-officer = カメラに複数の顔が映っています。
reason-FACE_MULTIPLE-remedy = ゲート内が一人だけであることを確認し、もう一度試すよう案内してください。

reason-FACE_IMAGE_BLANK-traveler = カメラに不具合があります。係員がご案内します
reason-FACE_IMAGE_BLANK-officer = カメラの画像に何も映っていません。
reason-FACE_IMAGE_BLANK-remedy = レンズが覆われていないか、照明が消えていないか確認してください。異常がなければ技術者に連絡してください。

reason-FACE_IMAGE_UNREADABLE-traveler = カメラに不具合があります。係員がご案内します
reason-FACE_IMAGE_UNREADABLE-officer = カメラの画像を復号できません。
reason-FACE_IMAGE_UNREADABLE-remedy = カメラを再起動してください。再発する場合は技術者に連絡してください。

reason-FACE_QUALITY_LOW-traveler = 近づいて、カメラを見てください
reason-FACE_QUALITY_LOW-officer = 顔が小さい、ぼやけている、暗い、または横を向いています。
reason-FACE_QUALITY_LOW-remedy = 近づいてカメラに正対するよう案内し、照明を確認してください。

reason-FACE_SCORE_BELOW_THRESHOLD-traveler = まもなく係員がご案内します
reason-FACE_SCORE_BELOW_THRESHOLD-officer = カメラの顔と基準画像との照合スコアが、この場所のしきい値に達しませんでした。
reason-FACE_SCORE_BELOW_THRESHOLD-remedy = 二つの画像と旅行者本人を見比べて判断してください。

reason-PRESENTATION_ATTACK_SUSPECTED-traveler = まもなく係員がご案内します
reason-PRESENTATION_ATTACK_SUSPECTED-officer = カメラの前の顔は、写真、画面、または仮面の可能性があります。どの検査で判明したかは詳細をご覧ください。
reason-PRESENTATION_ATTACK_SUSPECTED-remedy = 画像より先に旅行者本人の顔と手を確認し、それから判断してください。

reason-FACE_CAPTURE_TIMEOUT-traveler = まもなく係員がご案内します
reason-FACE_CAPTURE_TIMEOUT-officer = 制限時間内に、照合に使える顔の画像を撮影できませんでした。
reason-FACE_CAPTURE_TIMEOUT-remedy = 旅行者を顔写真と見比べて判断してください。頻発する場合は、カメラと照明を確認してください。

reason-CAMERA_UNAVAILABLE-traveler = カメラに不具合があります。係員がご案内します
reason-CAMERA_UNAVAILABLE-officer = カメラが応答しません。
reason-CAMERA_UNAVAILABLE-remedy = カメラのケーブルと電源を確認してください。応答しない場合は、ゲートを閉鎖して技術者に連絡してください。

reason-CAMERA_DEGRADED-traveler = カメラの一台に不具合がありますが、ゲートは使えます
reason-CAMERA_DEGRADED-officer = カメラの一台から映像が来ません。ほかのカメラは動作しています。
reason-CAMERA_DEGRADED-remedy = ケーブルと電源を確認し、技術者に連絡してください。その間、背の高い方、低い方、車いすの方には補助が必要なことがあります。

reason-FINGER_NOT_PLACED-traveler = センサーに指を置いてください
reason-FINGER_NOT_PLACED-officer = 時間内にセンサーに指が置かれませんでした。
reason-FINGER_NOT_PLACED-remedy = センサーの場所と、指を平らに置く方法を案内してください。

reason-FINGER_QUALITY_LOW-traveler = 別の指でお試しください
reason-FINGER_QUALITY_LOW-officer = 指紋が乾きすぎ、濡れすぎ、不鮮明、または部分的すぎました。
reason-FINGER_QUALITY_LOW-remedy = 摩耗やけがのある指は珍しくありません。別の指を試すか、センサーを拭くか、目視で確認してください。

reason-FINGER_IMAGE_UNREADABLE-traveler = センサーに不具合があります。係員がご案内します
reason-FINGER_IMAGE_UNREADABLE-officer = 指紋センサーの画像を復号できません。
reason-FINGER_IMAGE_UNREADABLE-remedy = センサーを抜き差ししてください。再発する場合は技術者に連絡してください。

reason-FINGER_SCORE_BELOW_THRESHOLD-traveler = まもなく係員がご案内します
reason-FINGER_SCORE_BELOW_THRESHOLD-officer = 読み取った指と登録された指との照合スコアが、この場所のしきい値に達しませんでした。
reason-FINGER_SCORE_BELOW_THRESHOLD-remedy = どの指を登録したかを尋ね、渡航文書を確認してから判断してください。

reason-FINGER_CAPTURE_TIMEOUT-traveler = まもなく係員がご案内します
reason-FINGER_CAPTURE_TIMEOUT-officer = 制限時間内に、照合に使える指紋を採取できませんでした。
reason-FINGER_CAPTURE_TIMEOUT-remedy = 渡航文書を確認して判断してください。頻発する場合は、センサーを清掃してください。

reason-FINGER_SENSOR_UNAVAILABLE-traveler = センサーに不具合があります。係員がご案内します
reason-FINGER_SENSOR_UNAVAILABLE-officer = 指紋センサーが応答しないか、このゲートにはありません。
reason-FINGER_SENSOR_UNAVAILABLE-remedy = ケーブルとデバイスの権限を確認してください。それまで、顔が未登録のカードは係員に回されます。

reason-FINGER_MATCHER_UNAVAILABLE-traveler = ゲートに不具合があります。係員がご案内します
reason-FINGER_MATCHER_UNAVAILABLE-officer = 指の照合ができません。ニューラルネットワークのファイルかそのしきい値がないか、実行に失敗しました。
reason-FINGER_MATCHER_UNAVAILABLE-remedy = 技術者にネットワークの再インストールを依頼してください。顔の照合は続けられます。

reason-MATCHER_UNAVAILABLE-traveler = ゲートに不具合があります。係員がご案内します
reason-MATCHER_UNAVAILABLE-officer = 顔の照合ができません。ニューラルネットワークのファイルがないか、実行に失敗しました。
reason-MATCHER_UNAVAILABLE-remedy = ゲートを閉鎖し、技術者にネットワークの再インストールを依頼してください。

reason-ENTRY_TIMEOUT-traveler = もう一度、書類を置いてください
reason-ENTRY_TIMEOUT-officer = 時間内に入口ドアを通った人がいませんでした。
reason-ENTRY_TIMEOUT-remedy = 対応は不要です。旅行者は最初からやり直せます。

reason-TRAVELER_LEFT-traveler = もう一度、書類を置いてください
reason-TRAVELER_LEFT-officer = 判断の前に旅行者が立ち去りました。
reason-TRAVELER_LEFT-remedy = 助けが必要か確認してください。必要がなければ対応は不要です。

reason-EXIT_TIMEOUT-traveler = 係員がまもなく参ります
reason-EXIT_TIMEOUT-officer = 時間内に出口ドアから出た人がいませんでした。
reason-EXIT_TIMEOUT-remedy = 旅行者がゲート内に残っていて助けが必要か、確認してください。

reason-REFERRAL_TIMEOUT-traveler = お待たせいたしました。窓口へお越しください
reason-REFERRAL_TIMEOUT-officer = 時間内に係員の判断がありませんでした。
reason-REFERRAL_TIMEOUT-remedy = 窓口で旅行者に対応してください。

reason-OBSTACLE-traveler = ドアから離れてください
reason-OBSTACLE-officer = ドアの動きを妨げるものがあります。
reason-OBSTACLE-remedy = ドアの周りから人と荷物を離してください。

reason-DOOR_FAULT-traveler = ドアから離れてください。係員がご案内します
reason-DOOR_FAULT-officer = ドアが所定の位置に達しないか、指令なしに動きました。
reason-DOOR_FAULT-remedy = 人をドアから離し、ゲートを閉鎖して技術者に連絡してください。

reason-PERSON_INSIDE-traveler = そのままお待ちください。係員が参ります
reason-PERSON_INSIDE-officer = 通過処理が行われていないのに、扉の間に人がいます
reason-PERSON_INSIDE-remedy = ゲートへ行き、理由を入力して手動で扉を開け、その人を外へ出してください
reason-INTERLOCK_REFUSED-traveler = お待ちください。係員がご案内します
reason-INTERLOCK_REFUSED-officer = 両方のドアが同時に開かないよう、ドア装置が指令を拒否しました。
reason-INTERLOCK_REFUSED-remedy = 両方のドアが閉じてからやり直してください。再発する場合は技術者に連絡してください。

reason-BARRIER_LINE_LOST-traveler = ゲートに不具合があります。係員がご案内します
reason-BARRIER_LINE_LOST-officer = ドア装置との回線が切れました。
reason-BARRIER_LINE_LOST-remedy = ゲート内に人がいないか確認し、ドア装置のケーブルと電源を調べ、技術者に連絡してください。

reason-EMERGENCY_RELEASE-traveler = すぐに退出してください。ドアは開いています
reason-EMERGENCY_RELEASE-officer = 火災信号によりドアが開放されました。
reason-EMERGENCY_RELEASE-remedy = 避難計画に従ってください。安全が宣言されるまで、ゲートを稼働させないでください。

reason-GATE_HELD-traveler = しばらくお待ちください
reason-GATE_HELD-officer = 係員がゲートを一時停止しています。
reason-GATE_HELD-remedy = 原因が解消したら、ゲートを稼働させてください。

reason-GATE_CLOSED-traveler = ほかのゲートをご利用ください
reason-GATE_CLOSED-officer = 係員がゲートを閉鎖しました。
reason-GATE_CLOSED-remedy = 必要になったら、ゲートを稼働させてください。

reason-CONTROLLER_INTERRUPTED-traveler = 係員がまもなく参ります
reason-CONTROLLER_INTERRUPTED-officer = この通過の途中で制御装置が停止しました。
reason-CONTROLLER_INTERRUPTED-remedy = ゲート内に旅行者が残っていないか確認してください。再発する場合は、ログの調査を依頼してください。

reason-JOURNAL_UNAVAILABLE-traveler = ほかのゲートをご利用ください
reason-JOURNAL_UNAVAILABLE-officer = 通過記録を書き込めないため、ドアを動かせません。
reason-JOURNAL_UNAVAILABLE-remedy = ディスクと、記録フォルダーの権限の確認を技術者に依頼してください。

reason-AUDIT_NOT_WRITTEN-traveler = ほかのゲートをご利用ください
reason-AUDIT_NOT_WRITTEN-officer = 係員の行為を監査証跡に記録できません。
reason-AUDIT_NOT_WRITTEN-remedy = 扉は手動で開けられ、後で記録されます。それまで通過許可と画像の表示はできません。技術者にディスクの確認を依頼してください。

reason-DISK_FULL-traveler = ほかのゲートをご利用ください
reason-DISK_FULL-officer = 制御装置のディスクに空きがありません。
reason-DISK_FULL-remedy = 技術者にディスクの空きの確保を依頼してください。

reason-PORT_IN_USE-traveler = ほかのゲートをご利用ください
reason-PORT_IN_USE-officer = ゲートに必要なポートを別のプログラムが使用しています。
reason-PORT_IN_USE-remedy = 別のプログラムの終了か、設定でのポートの変更を技術者に依頼してください。

reason-CENTRE_UNREACHABLE-traveler = こちらではパスポートをご利用いただけます
reason-CENTRE_UNREACHABLE-officer = 登録サービスに接続できません。
reason-CENTRE_UNREACHABLE-remedy = ネットワークの確認を依頼してください。記録は保存され、復旧後に送信されます。

reason-GATE_NOT_ADMITTED-traveler = こちらではパスポートをご利用いただけます
reason-GATE_NOT_ADMITTED-officer = 登録サービスがこのゲートを承認していません。
reason-GATE_NOT_ADMITTED-remedy = 登録サービスにゲートの証明書の再発行を依頼してください。それまでカードは係員の対応となり、記録は保存されます。

reason-CENTRE_FAULT-traveler = こちらではパスポートをご利用いただけます
reason-CENTRE_FAULT-officer = 登録サービスは応答していますが、このゲートに必要な内容ではありません。
reason-CENTRE_FAULT-remedy = ゲートと登録サービスのログを調べ、バージョンを照合するよう依頼してください。記録は保存されます。

reason-INTERNAL_FAULT-traveler = ゲートに不具合があります。係員がご案内します
reason-INTERNAL_FAULT-officer = 制御装置のソフトウェアで内部エラーが発生しました。
reason-INTERNAL_FAULT-remedy = ゲートを再起動し、ログを技術者に送ってください。
