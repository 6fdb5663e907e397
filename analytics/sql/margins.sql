-- Another margin, or tax told otherwise, changes what every sale leaves: all is counted anew.
CREATE OR REPLACE TRIGGER wafa_note_margin AFTER UPDATE OF margin_rate, prices_include_tax ON members_program
    FOR EACH ROW WHEN (ROW(OLD.margin_rate, OLD.prices_include_tax) IS DISTINCT FROM ROW(NEW.margin_rate, NEW.prices_include_tax))
    EXECUTE FUNCTION wafa_note_recount();
